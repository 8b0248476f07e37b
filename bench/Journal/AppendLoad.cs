using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Orchestrator.Journal;
using Orchestrator.Silo.Hosting;
using Orchestrator.Silo.Stores.Postgres;
using Orchestrator.Testing;

namespace Orchestrator.Bench.Journal;

/// <summary>Conversations that append the fact of a turn again and again, each as soon as the last one is durable: what group commit can take.</summary>
internal sealed class AppendLoad : IAsyncDisposable
{
    private static readonly TenantId Tenant = new("acme");

    private readonly PostgresServer _server;
    private readonly string _connection;
    private readonly List<(ServiceProvider Services, PostgresDatabase Database)> _silos = [];
    private readonly List<(IConversationStore Store, Ownership Ownership)> _owned = [];
    private readonly ConcurrentBag<double> _waits = [];

    private AppendLoad(PostgresServer server, string connection) => (_server, _connection) = (server, connection);

    public static async Task<AppendLoad> OpenAsync(PostgresServer server, string connection, int silos, int conversations)
    {
        var load = new AppendLoad(server, connection);
        for (var i = 0; i < silos; i++)
        {
            await load.JoinAsync($"silo-{i}");
        }

        foreach (var batch in Enumerable.Range(0, conversations).Chunk(200))
        {
            load._owned.AddRange(await Task.WhenAll(batch.Select(load.ClaimAsync)));
        }

        return load;
    }

    /// <returns>A row of the table.</returns>
    public async Task<string> RunAsync(TimeSpan time)
    {
        var before = await CountersAsync();
        var begun = Stopwatch.GetTimestamp();
        await Task.WhenAll(_owned.Select(owned => AppendAsync(owned.Store, owned.Ownership, begun, time)));
        var lasted = Stopwatch.GetElapsedTime(begun).TotalSeconds;
        var after = await CountersAsync();
        var (commits, waits) = (after.Commits - before.Commits, _waits.Order().ToArray());
        return string.Create(CultureInfo.InvariantCulture, $"| {_owned.Count:N0} | {waits.Length / lasted:N0} | {commits / lasted:N0} | {waits.Length / (double)commits:0.0} | {(after.Wal - before.Wal) / waits.Length:N0} | {At(0.5):0.0} / {At(0.95):0.0} / {At(0.99):0.0} |");

        double At(double share) => waits[Math.Min(waits.Length - 1, (int)(waits.Length * share))];
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var (services, database) in _silos)
        {
            await services.DisposeAsync();
            await database.DisposeAsync();
        }
    }

    private async Task JoinAsync(string silo)
    {
        var options = PostgresOptions.Read(new ConfigurationBuilder().AddInMemoryCollection([
            new($"{PostgresOptions.Section}:ConnectionString", _connection),
            new($"{PostgresOptions.Section}:Patience", "00:00:09"),
        ]).Build());
        var database = await PostgresDatabase.OpenAsync(options, TimeProvider.System, CancellationToken.None);
        var keys = await database.LoadOrCreateKeysAsync(PostgresStore.KeyPurpose, CancellationToken.None);
        var services = new ServiceCollection().AddMetrics().AddLogging().AddSingleton(TimeProvider.System).AddPostgresStore(database, keys).BuildServiceProvider();
        await services.GetRequiredService<Cluster.ISiloRegistry>().RegisterAsync(silo, new Uri("tcp://127.0.0.1:1"), CancellationToken.None);
        _silos.Add((services, database));
    }

    private async Task<(IConversationStore, Ownership)> ClaimAsync(int number)
    {
        var store = _silos[number % _silos.Count].Services.GetRequiredService<IConversationStore>();
        return (store, await store.ClaimAsync(Tenant, new ConversationId(Guid.CreateVersion7()), $"silo-{number % _silos.Count}", mustExist: false, CancellationToken.None));
    }

    private async Task AppendAsync(IConversationStore store, Ownership ownership, long begun, TimeSpan time)
    {
        for (var position = 1; Stopwatch.GetElapsedTime(begun) < time; position++)
        {
            var from = Stopwatch.GetTimestamp();
            await store.AppendAsync(ownership, [new JournalEntry(position, DateTimeOffset.UtcNow, Turn(position))], Durability.Flushed, CancellationToken.None);
            _waits.Add(Stopwatch.GetElapsedTime(from).TotalMilliseconds);
        }
    }

    private static TurnCommitted Turn(int number) => new(
        number, number * 10, (number * 10) + 9, number * 30,
        new Utterance("I would like to know whether my bill has been paid.", 1_000, 4_000, 3_000),
        new Utterance("Yes, your bill was paid on the third of the month, and nothing is left to do.", 4_500, 9_500, 5_000),
        TurnEnding.Completed, 500, Link: 1, Usage: null);

    private async Task<(long Commits, long Wal)> CountersAsync()
    {
        // The server's own counters lag by up to a second.
        await Task.Delay(TimeSpan.FromSeconds(1.2));
        var row = (await _server.SqlAsync(_connection, "select xact_commit, pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::bigint from pg_stat_database where datname = current_database()"))[0].Split('|');
        return (long.Parse(row[0], CultureInfo.InvariantCulture), long.Parse(row[1], CultureInfo.InvariantCulture));
    }
}
