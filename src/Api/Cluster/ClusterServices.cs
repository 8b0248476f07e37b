using Microsoft.Extensions.Options;
using Orchestrator.Wire;

namespace Orchestrator.Api.Cluster;

/// <summary>What <see cref="RemoteHost"/> needs of the process: validated options, metrics and what connections share.</summary>
internal static class ClusterServices
{
    public static IServiceCollection AddSiloLinks(this IServiceCollection services)
    {
        services.AddOptions<ClusterOptions>().BindConfiguration(ClusterOptions.Section).ValidateOnStart();
        services.AddSingleton<IValidateOptions<ClusterOptions>, ClusterOptionsValidator>();
        services.AddSingleton<WireMetrics>();
        services.AddSingleton(s => new SiloLink(
            s.GetRequiredService<IOptions<ClusterOptions>>().Value,
            s.GetRequiredService<WireMetrics>(),
            s.GetRequiredService<TimeProvider>(),
            s.GetRequiredService<ILogger<SiloLink>>()));
        return services;
    }
}
