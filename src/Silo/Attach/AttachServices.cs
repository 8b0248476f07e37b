using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Orchestrator.Wire;

namespace Orchestrator.Silo.Attach;

/// <summary>What <see cref="SiloListener"/> needs of the process: validated options and its metrics.</summary>
public static class AttachServices
{
    public static IServiceCollection AddSiloAttach(this IServiceCollection services)
    {
        services.AddClusterOptions();
        services.AddSingleton<WireMetrics>();
        return services;
    }

    /// <summary>The options of the internal link, which both of its ends read, validated.</summary>
    public static IServiceCollection AddClusterOptions(this IServiceCollection services)
    {
        services.AddOptions<ClusterOptions>().BindConfiguration(ClusterOptions.Section).ValidateOnStart();
        services.AddSingleton<IValidateOptions<ClusterOptions>, ClusterOptionsValidator>();
        return services;
    }
}
