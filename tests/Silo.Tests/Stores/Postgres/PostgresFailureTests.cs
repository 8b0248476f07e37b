using System.Collections.Concurrent;
using System.Diagnostics;
using Npgsql;
using Orchestrator.Journal;
using Orchestrator.Silo.Stores.Postgres;
using Orchestrator.Testing;
using static Orchestrator.Silo.Tests.Facts;

namespace Orchestrator.Silo.Tests.Stores.Postgres;

/// <summary>A database that crashes, vanishes or falls silent loses nothing that was acknowledged, and blocks nobody for ever.</summary>
public sealed class PostgresFailureTests : IAsyncLifetime
{
    private static readonly CancellationToken None = CancellationToken.None;
    private static readonly TenantId Tenant = new("acme");

    // Of its own: it crashes.
    private PostgresServer server = null!;
    private string database = "";

    public async ValueTask InitializeAsync()
    {
        server = await PostgresServer.StartNewAsync();
        database = new NpgsqlConnectionStringBuilder(await server.CreateDatabaseAsync()).Database!;
    }

    public ValueTask DisposeAsync() => server.DisposeAsync();

    [Fact]
    public async Task Crashes_UnderManyConversations_LoseNothingThatWasAcknowledged()
    {
        await using var silo = await PostgresPeer.OpenAsync(PostgresServer.ConnectionString(database, server.Port));
        await AssertNothingIsLostAsync(silo, async talked =>
        {
            for (var crash = 0; crash < 3; crash++)
            {
                await talked(40);
                await server.CrashAsync();
                await server.StartAsync();
            }
        });
    }

    [Fact]
    public async Task ConnectionsLostAtAnyMoment_LeaveEveryAppendInTheJournalOnce()
    {
        await using var proxy = new TcpProxy(server.Port);
        await using var silo = await PostgresPeer.OpenAsync(PostgresServer.ConnectionString(database, proxy.Port));
        await AssertNothingIsLostAsync(silo, async talked =>
        {
            for (var cut = 0; cut < 25; cut++)
            {
                await talked(4);
                if (cut % 2 == 0)
                {
                    proxy.Reset();
                }
                else
                {
                    proxy.Cut();
                }
            }
        });
    }

    [Fact]
    public async Task CommitWhoseAnswerIsLost_IsRecognisedWhenItIsRepeated()
    {
        await using var proxy = new TcpProxy(server.Port);
        await using var silo = await PostgresPeer.OpenAsync(PostgresServer.ConnectionString(database, proxy.Port));
        var mine = await silo.Store.ClaimAsync(Tenant, NewId(), "silo-1", mustExist: false, None);
        await silo.Store.AppendAsync(mine, From(1, Opened()), Durability.Flushed, None);

        // The append waits at the table behind this lock; its answer goes nowhere, because the way back is cut before.
        await using var direct = NpgsqlDataSource.Create(PostgresServer.ConnectionString(database, server.Port));
        await using var locking = await direct.OpenConnectionAsync();
        await using var transaction = await locking.BeginTransactionAsync();
        await RunAsync(locking, "lock table orchestrator.facts in exclusive mode");
        var append = silo.Store.AppendAsync(mine, From(2, Turn(1)), Durability.Flushed, None);
        await Patience.Until(async () => await AskAsync<bool>(direct, "select exists (select from pg_stat_activity where wait_event_type = 'Lock')"), "the append to wait");
        proxy.Freeze();
        await transaction.CommitAsync();
        await Patience.Until(async () => await AskAsync<long>(direct, "select position from orchestrator.conversations") == 2, "the commit that nobody hears of");
        proxy.Reset();

        await append;
        Assert.Equal(1, silo.Metrics.Sum("orchestrator.store.appends", "outcome=repeated"));
        Assert.Equal(2, (await silo.Store.LoadAsync(Tenant, mine.Conversation, None)).Entries.Count);
    }

    [Fact]
    public async Task AbsentDatabase_FailsEveryOperation_WithinTheirPatience_AndIsUsedAgainWhenItIsBack()
    {
        await using var silo = await PostgresPeer.OpenAsync(PostgresServer.ConnectionString(database, server.Port), "Patience=00:00:01");
        var mine = await silo.Store.ClaimAsync(Tenant, NewId(), "silo-1", mustExist: false, None);
        await silo.Store.AppendAsync(mine, From(1, Opened()), Durability.Flushed, None);
        await server.StopAsync();

        await AssertBoundedAsync(() => silo.Store.AppendAsync(mine, From(2, Turn(1)), Durability.Flushed, None));
        await AssertBoundedAsync(() => silo.Store.ClaimAsync(Tenant, NewId(), "silo-1", mustExist: false, None));
        await AssertBoundedAsync(() => silo.Store.ListAsync(Tenant, null, 10, None));
        await AssertBoundedAsync(() => silo.Store.LoadAsync(Tenant, mine.Conversation, None));
        await silo.Store.ReleaseAsync(mine, None);
        Assert.Contains("is unavailable", await silo.Store.ProbeAsync(), StringComparison.Ordinal);

        await server.StartAsync();
        await silo.Store.AppendAsync(mine, From(2, Turn(1)), Durability.Flushed, None);
        Assert.Null(await silo.Store.ProbeAsync());
        Assert.Equal(2, (await silo.Store.LoadAsync(Tenant, mine.Conversation, None)).Entries.Count);
        Assert.True(silo.Metrics.Sum("orchestrator.store.failures", "operation=append") > 0);
        Assert.Equal(0, silo.Metrics.Sum("orchestrator.store.waiting"));
    }

    [Fact]
    public async Task SilentDatabase_FailsAnAppend_WithinItsPatience()
    {
        await using var proxy = new TcpProxy(server.Port);
        await using var silo = await PostgresPeer.OpenAsync(PostgresServer.ConnectionString(database, proxy.Port), "Patience=00:00:01");
        var mine = await silo.Store.ClaimAsync(Tenant, NewId(), "silo-1", mustExist: false, None);
        await silo.Store.AppendAsync(mine, From(1, Opened()), Durability.Flushed, None);

        // Open connections carry nothing any more, and nobody is told.
        proxy.Freeze();
        await AssertBoundedAsync(() => silo.Store.AppendAsync(mine, From(2, Turn(1)), Durability.Flushed, None));

        // The owner repeats, as it does; new connections work.
        await Patience.Until(
            async () => await Record.ExceptionAsync(() => silo.Store.AppendAsync(mine, From(2, Turn(1)), Durability.Flushed, None)) is null,
            "an append over a new connection");
        Assert.Equal(2, (await silo.Store.LoadAsync(Tenant, mine.Conversation, None)).Entries.Count);
    }

    [Fact]
    public async Task DatabaseThatTakesNoWrites_IsAskedAgain_UntilItDoes()
    {
        await using var silo = await PostgresPeer.OpenAsync(PostgresServer.ConnectionString(database, server.Port));
        var mine = await silo.Store.ClaimAsync(Tenant, NewId(), "silo-1", mustExist: false, None);
        await using var direct = NpgsqlDataSource.Create(PostgresServer.ConnectionString(database, server.Port));
        await using var admin = await direct.OpenConnectionAsync();

        // As a standby answers, or a primary in the middle of a switch-over.
        await RunAsync(admin, "alter system set default_transaction_read_only = on");
        await RunAsync(admin, "select pg_reload_conf()");
        await Patience.Until(async () => await AskAsync<string>(direct, "show default_transaction_read_only") == "on", "the setting");
        var append = silo.Store.AppendAsync(mine, From(1, Opened()), Durability.Flushed, None);
        await Patience.Until(() => Task.FromResult(append.IsCompleted || silo.Metrics.Sum("orchestrator.store.failures", "operation=append cause=standby") > 0), "the refusal");
        Assert.False(append.IsCompleted);

        await RunAsync(admin, "alter system reset default_transaction_read_only");
        await RunAsync(admin, "select pg_reload_conf()");
        await append;
        Assert.Single((await silo.Store.LoadAsync(Tenant, mine.Conversation, None)).Entries);
    }

    private static async Task AssertBoundedAsync(Func<Task> operation)
    {
        var watch = Stopwatch.StartNew();
        var failure = await Assert.ThrowsAsync<IOException>(operation);
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(10), $"{watch.Elapsed} until {failure.Message}");
        Assert.DoesNotContain(PostgresServer.Password, failure.ToString(), StringComparison.Ordinal);
    }

    /// <summary>Owners that append turn after turn, and repeat what failed, while something happens to the database.</summary>
    private static async Task AssertNothingIsLostAsync(PostgresPeer silo, Func<Func<int, Task>, Task> disturb)
    {
        const int conversations = 12;
        using var stop = new CancellationTokenSource();
        var acknowledged = new ConcurrentDictionary<ConversationId, int>();
        var talking = Enumerable.Range(0, conversations).Select(_ => Task.Run(async () =>
        {
            var id = NewId();
            var mine = await silo.Store.ClaimAsync(Tenant, id, "silo-1", mustExist: false, None);
            for (var n = 1; !stop.IsCancellationRequested; n++)
            {
                while (await Record.ExceptionAsync(() => silo.Store.AppendAsync(mine, From(n, Turn(n)), n % 2 == 0 ? Durability.Written : Durability.Flushed, None)) is { } failure)
                {
                    Assert.IsType<IOException>(failure);
                }

                acknowledged[id] = n;
            }
        })).ToList();

        var heard = 0;
        await disturb(async more =>
        {
            heard = acknowledged.Values.Sum() + more;
            await Patience.Until(() => Task.FromResult(acknowledged.Values.Sum() >= heard), $"{more} more appends");
        });
        await stop.CancelAsync();
        await Task.WhenAll(talking);

        Assert.Equal(conversations, acknowledged.Count);
        foreach (var (id, count) in acknowledged)
        {
            var entries = (await silo.Store.LoadAsync(Tenant, id, None)).Entries;
            Assert.Equal(Enumerable.Range(1, count), entries.Select(e => ((TurnCommitted)e.Fact).Turn));
        }

        Assert.True(silo.Metrics.Sum("orchestrator.store.failures", "operation=append") > 0, "nothing was disturbed");
    }

    private static async Task RunAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }

    private static async Task<T> AskAsync<T>(NpgsqlDataSource source, string sql)
    {
        await using var command = source.CreateCommand(sql);
        return (T)(await command.ExecuteScalarAsync())!;
    }
}
