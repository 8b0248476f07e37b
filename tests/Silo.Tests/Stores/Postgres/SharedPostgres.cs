using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Orchestrator.Silo.Stores.Postgres;
using Orchestrator.Silo.Tests.Stores.Postgres;
using Orchestrator.Testing;

[assembly: AssemblyFixture(typeof(SharedPostgres))]

namespace Orchestrator.Silo.Tests.Stores.Postgres;

/// <summary>One server for the test run, started when the first test wants it.</summary>
public sealed class SharedPostgres : IAsyncDisposable
{
    private readonly Lazy<Task<PostgresServer>> server = new(PostgresServer.StartNewAsync);

    public Task<PostgresServer> Server => server.Value;

    public async ValueTask DisposeAsync()
    {
        if (server.IsValueCreated)
        {
            await (await server.Value).DisposeAsync();
        }
    }
}

/// <summary>A database for a test class.</summary>
public sealed class OwnDatabase(SharedPostgres shared) : IAsyncLifetime
{
    public string ConnectionString { get; private set; } = "";

    public async ValueTask InitializeAsync() => ConnectionString = await (await shared.Server).CreateDatabaseAsync();

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}

/// <summary>What a silo has of the database: store and registry, with the metrics that they count in.</summary>
internal sealed class PostgresPeer : IAsyncDisposable
{
    private readonly ServiceProvider services;

    private PostgresPeer(ServiceProvider services, PostgresDatabase database, PostgresStore store)
    {
        this.services = services;
        Database = database;
        Store = store;
    }

    public PostgresDatabase Database { get; }

    public PostgresStore Store { get; }

    public PostgresRegistry Registry { get; private init; } = null!;

    public PostgresDirectory Directory { get; private init; } = null!;

    public CountedMetrics Metrics { get; private init; } = null!;

    public static async Task<PostgresPeer> OpenAsync(string connectionString, params string[] settings)
    {
        var counted = new CountedMetrics();
        var provider = new ServiceCollection().AddMetrics().AddLogging(l => l.SetMinimumLevel(LogLevel.Warning)).BuildServiceProvider();
        counted.Listen(provider.GetRequiredService<System.Diagnostics.Metrics.IMeterFactory>());
        var database = await PostgresDatabase.OpenAsync(Options(connectionString, settings), TimeProvider.System, CancellationToken.None);
        var keys = await database.LoadOrCreateKeysAsync(PostgresStore.KeyPurpose, CancellationToken.None);
        var metrics = ActivatorUtilities.CreateInstance<PostgresMetrics>(provider);
        var store = new PostgresStore(database, keys, TimeProvider.System, metrics, provider.GetRequiredService<ILogger<PostgresStore>>());
        return new PostgresPeer(provider, database, store)
        {
            Registry = new PostgresRegistry(database, metrics),
            Directory = new PostgresDirectory(database, metrics),
            Metrics = counted,
        };
    }

    public static PostgresOptions Options(string connectionString, params string[] settings) => PostgresOptions.Read(new ConfigurationBuilder()
        .AddInMemoryCollection(settings.Append("ConnectionString=" + connectionString).Select(s => s.Split('=', 2))
            .Select(pair => new KeyValuePair<string, string?>($"{PostgresOptions.Section}:{pair[0]}", pair[1])))
        .Build());

    public async ValueTask DisposeAsync()
    {
        await Store.DisposeAsync();
        await Database.DisposeAsync();
        Metrics.Dispose();
        await services.DisposeAsync();
    }
}
