using Microsoft.Extensions.Options;
using Orchestrator.Attach;
using Orchestrator.Cluster;
using Orchestrator.Wire;

namespace Orchestrator.Api.Cluster;

/// <summary>What <see cref="RemoteHost"/> needs of the process, on top of validated <see cref="ClusterOptions"/>: metrics and what connections share.</summary>
internal static class ClusterServices
{
    public static IServiceCollection AddSiloLinks(this IServiceCollection services)
    {
        services.AddSingleton<WireMetrics>();
        services.AddSingleton(s => new SiloLink(
            s.GetRequiredService<IOptions<ClusterOptions>>().Value,
            s.GetRequiredService<WireMetrics>(),
            s.GetRequiredService<TimeProvider>(),
            s.GetRequiredService<ILogger<SiloLink>>()));
        return services;
    }

    /// <summary>Adds the cluster as <see cref="IConversationHost"/>. Needs a registry and a directory of owners.</summary>
    public static IServiceCollection AddRouter(this IServiceCollection services)
    {
        services.AddSiloLinks();
        services.AddOptions<RouterOptions>().BindConfiguration(RouterOptions.Section).ValidateOnStart();
        services.AddSingleton<IValidateOptions<RouterOptions>, RouterOptionsValidator>();
        services.AddSingleton(s => s.GetRequiredService<IOptions<RouterOptions>>().Value);
        services.AddSingleton<RouterMetrics>();
        services.AddSingleton<SiloDirectory>();
        services.AddSingleton<SiloPlacement>();
        services.AddSingleton<RouterServices>();
        services.AddSingleton<IConversationHost, ConversationRouter>();
        return services;
    }
}
