using System.Security.Cryptography;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orchestrator.Attach;
using Orchestrator.Grains.Actor;
using Orchestrator.Journal;
using Orchestrator.Reading;
using Orchestrator.Silo.Reading;
using Orchestrator.Silo.Stores;

namespace Orchestrator.Silo.Hosting;

/// <summary>A silo inside another process: grains, the embedded store, and the read side.</summary>
public static class EmbeddedSilo
{
    public static IServiceCollection AddEmbeddedSilo(this IServiceCollection services, DataDirectory data, UpstreamOptions upstream)
    {
        var endpoints = upstream.Endpoints.Select(e => e.ToEndpoint()).ToList();
        services.AddOptions<ConversationOptions>().BindConfiguration(ConversationOptions.Section).ValidateOnStart();
        services.AddSingleton<IValidateOptions<ConversationOptions>, ConversationOptionsValidator>();
        services.AddOptions<RecoveryOptions>().BindConfiguration(RecoveryOptions.Section).ValidateOnStart();
        services.AddSingleton<IValidateOptions<RecoveryOptions>, RecoveryOptionsValidator>();
        services.AddSingleton(_ => new EmbeddedStore(data));
        services.AddSingleton<IConversationStore>(s => s.GetRequiredService<EmbeddedStore>());
        services.AddSingleton<GrainMetrics>();
        services.AddSingleton<JournalFeed>();
        services.AddSingleton<UpstreamMetrics>();
        services.AddSingleton(s => new EndpointBreakers(
            endpoints,
            upstream.Breaker,
            s.GetRequiredService<TimeProvider>(),
            s.GetRequiredService<UpstreamMetrics>(),
            s.GetRequiredService<ILogger<EndpointBreakers>>()));
        services.AddSingleton(s => new EndpointOrder(endpoints, s.GetRequiredService<EndpointBreakers>().IsLeftAlone, RandomNumberGenerator.GetInt32));
        services.AddSingleton(Host);
        services.AddSingleton<IConversationHost>(s => s.GetRequiredService<ConversationHost>());
        services.AddSingleton<IConversationReader>(s => new ConversationReader(
            s.GetRequiredService<IConversationStore>(),
            s.GetRequiredService<JournalFeed>(),
            s.GetRequiredService<ConversationHost>().IsActive));
        return services;
    }

    private static ConversationHost Host(IServiceProvider services)
    {
        var feed = services.GetRequiredService<JournalFeed>();
        return new ConversationHost(
            services.GetRequiredService<IConversationStore>(),
            services.GetRequiredService<EndpointOrder>(),
            services.GetRequiredService<EndpointBreakers>(),
            services.GetRequiredService<IOptions<ConversationOptions>>().Value.ToSettings() with
            {
                RepeatableTools = services.GetRequiredService<IOptions<RecoveryOptions>>().Value.ToRepeatableTools(),
                Recovery = services.GetRequiredService<IOptions<RecoveryOptions>>().Value.ToPolicy(),
            },
            new SiloIdentity($"{Environment.MachineName}:{Environment.ProcessId}"),
            services.GetRequiredService<TimeProvider>(),
            services.GetRequiredService<ILogger<ConversationHost>>(),
            services.GetRequiredService<GrainMetrics>(),
            (ownership, entries) => feed.Published(ownership.Tenant, ownership.Conversation, entries));
    }
}
