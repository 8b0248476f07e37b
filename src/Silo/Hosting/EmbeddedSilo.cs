using Microsoft.Extensions.DependencyInjection;
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
        services.AddSingleton(_ => new EmbeddedStore(data));
        services.AddSingleton<IConversationStore>(s => s.GetRequiredService<EmbeddedStore>());
        services.AddGrains(upstream, new SiloIdentity($"{Environment.MachineName}:{Environment.ProcessId}"), mayMove: false);
        services.AddSingleton<IConversationReader>(s => new ConversationReader(
            s.GetRequiredService<IConversationStore>(),
            s.GetRequiredService<JournalFeed>(),
            (_, conversation) => ValueTask.FromResult(s.GetRequiredService<ConversationHost>().IsActive(conversation))));
        return services;
    }
}
