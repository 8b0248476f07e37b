using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Orchestrator.Cluster;
using Orchestrator.Journal;
using Orchestrator.Secrets;
using Orchestrator.Silo.Stores.Postgres;

namespace Orchestrator.Silo.Hosting;

/// <summary>Registers what a cluster keeps in PostgreSQL.</summary>
public static class PostgresServices
{
    /// <summary>
    /// Adds <see cref="IConversationStore"/>, <see cref="ISiloRegistry"/> and <see cref="IOwnershipDirectory"/> on an open database,
    /// which the caller disposes after the services. Needs a <see cref="TimeProvider"/>, logging and metrics.
    /// </summary>
    /// <param name="journalKeys">The ring of <see cref="PostgresStore.KeyPurpose"/>.</param>
    public static IServiceCollection AddPostgresStore(this IServiceCollection services, PostgresDatabase database, KeyRing journalKeys)
    {
        services.AddSingleton<PostgresMetrics>();
        services.AddSingleton(s => new PostgresStore(
            database, journalKeys, s.GetRequiredService<TimeProvider>(), s.GetRequiredService<PostgresMetrics>(), s.GetRequiredService<ILogger<PostgresStore>>()));
        services.AddSingleton<IConversationStore>(s => s.GetRequiredService<PostgresStore>());
        services.AddSingleton<ISiloRegistry>(s => new PostgresRegistry(database, s.GetRequiredService<PostgresMetrics>()));
        services.AddSingleton<IOwnershipDirectory>(s => new PostgresDirectory(database, s.GetRequiredService<PostgresMetrics>()));
        return services;
    }
}
