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

    private KeptLog Log { get; init; } = null!;

    public static Task<PostgresPeer> OpenAsync(string connectionString, params string[] settings) =>
        OpenAsync(Options(connectionString, settings));

    public static Task<PostgresPeer> OpenAsync(string connectionString, Action<PostgresOptions> change)
    {
        var options = Options(connectionString);
        change(options);
        return OpenAsync(options);
    }

    private static async Task<PostgresPeer> OpenAsync(PostgresOptions options)
    {
        var counted = new CountedMetrics();
        var log = new KeptLog();
        var provider = new ServiceCollection().AddMetrics().AddLogging(l => l.SetMinimumLevel(LogLevel.Trace).AddProvider(log)).BuildServiceProvider();
        counted.Listen(provider.GetRequiredService<System.Diagnostics.Metrics.IMeterFactory>());
        var database = await PostgresDatabase.OpenAsync(options, TimeProvider.System, CancellationToken.None);
        var keys = await database.LoadOrCreateKeysAsync(PostgresStore.KeyPurpose, CancellationToken.None);
        var metrics = ActivatorUtilities.CreateInstance<PostgresMetrics>(provider);
        var store = new PostgresStore(database, keys, TimeProvider.System, metrics, provider.GetRequiredService<ILogger<PostgresStore>>());
        return new PostgresPeer(provider, database, store)
        {
            Registry = new PostgresRegistry(database, metrics),
            Directory = new PostgresDirectory(database, metrics),
            Metrics = counted,
            Log = log,
        };
    }

    public static PostgresOptions Options(string connectionString, params string[] settings) => PostgresOptions.Read(new ConfigurationBuilder()
        // A busy machine is no database that is away.
        .AddInMemoryCollection([new($"{PostgresOptions.Section}:Patience", "00:00:09")])
        .AddInMemoryCollection(settings.Append("ConnectionString=" + connectionString).Select(s => s.Split('=', 2))
            .Select(pair => new KeyValuePair<string, string?>($"{PostgresOptions.Section}:{pair[0]}", pair[1])))
        .Build());

    public async ValueTask DisposeAsync()
    {
        await Store.DisposeAsync();
        await Database.DisposeAsync();
        Metrics.Dispose();
        await services.DisposeAsync();
        Assert.All(Log.Lines, line => Assert.DoesNotContain(PostgresServer.Password, line, StringComparison.Ordinal));
        Assert.All(Log.Lines, line => Assert.DoesNotContain("Hello.", line, StringComparison.Ordinal));
    }

    /// <summary>Everything that was logged, for what must not be in it.</summary>
    private sealed class KeptLog : ILoggerProvider, ILogger
    {
        public System.Collections.Concurrent.ConcurrentQueue<string> Lines { get; } = new();

        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            Lines.Enqueue($"{formatter(state, exception)} {exception}");

        public void Dispose()
        {
        }
    }
}
