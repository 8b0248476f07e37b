using System.Security.Cryptography;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orchestrator.Attach;
using Orchestrator.Grains.Actor;
using Orchestrator.Journal;
using Orchestrator.Silo.Reading;

namespace Orchestrator.Silo.Hosting;

/// <summary>Registers what conversations live on, in a silo of its own as in the all-in-one.</summary>
public static class GrainServices
{
    /// <summary>The grains of a process; what they own is in the <see cref="IConversationStore"/> that somebody else adds.</summary>
    /// <param name="mayMove">There are other silos.</param>
    public static IServiceCollection AddGrains(this IServiceCollection services, UpstreamOptions upstream, SiloIdentity silo, bool mayMove)
    {
        var endpoints = upstream.Endpoints.Select(e => e.ToEndpoint()).ToList();
        services.AddOptions<ConversationOptions>().BindConfiguration(ConversationOptions.Section).ValidateOnStart();
        services.AddSingleton<IValidateOptions<ConversationOptions>, ConversationOptionsValidator>();
        services.AddOptions<RecoveryOptions>().BindConfiguration(RecoveryOptions.Section).ValidateOnStart();
        services.AddSingleton<IValidateOptions<RecoveryOptions>, RecoveryOptionsValidator>();
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
        services.TryAddSingleton(s => s.GetRequiredService<IOptions<ConversationOptions>>().Value.ToMemoryGuard(s.GetRequiredService<TimeProvider>()));
        services.AddSingleton(s => Host(s, silo, mayMove));
        services.AddSingleton<IConversationHost>(s => s.GetRequiredService<ConversationHost>());
        return services;
    }

    private static ConversationHost Host(IServiceProvider services, SiloIdentity silo, bool mayMove)
    {
        var feed = services.GetRequiredService<JournalFeed>();
        var store = services.GetRequiredService<IConversationStore>();
        var settings = services.GetRequiredService<IOptions<ConversationOptions>>().Value.ToSettings() with
        {
            MayMove = mayMove,
            Recovery = services.GetRequiredService<IOptions<RecoveryOptions>>().Value.ToPolicy(),
            RepeatableTools = services.GetRequiredService<IOptions<RecoveryOptions>>().Value.ToRepeatableTools(),
        };
        var clock = services.GetRequiredService<TimeProvider>();
        var logger = services.GetRequiredService<ILogger<ConversationHost>>();
        var metrics = services.GetRequiredService<GrainMetrics>();
        var activator = new ConversationActivator(
            store,
            services.GetRequiredService<EndpointOrder>(),
            services.GetRequiredService<EndpointBreakers>(),
            settings,
            silo,
            clock,
            logger,
            metrics,
            (ownership, entries) => feed.Published(ownership.Tenant, ownership.Conversation, entries),
            services.GetService<IFormerOwner>());
        return new ConversationHost(activator, store, settings, clock, logger, metrics, services.GetRequiredService<MemoryGuard>());
    }
}
