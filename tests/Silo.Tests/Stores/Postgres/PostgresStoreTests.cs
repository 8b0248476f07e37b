using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Orchestrator.Cluster;
using Orchestrator.Journal;
using Orchestrator.Silo.Hosting;
using Orchestrator.Silo.Stores.Postgres;
using Orchestrator.Testing;
using static Orchestrator.Silo.Tests.Facts;

namespace Orchestrator.Silo.Tests.Stores.Postgres;

/// <summary>What only the PostgreSQL store has: commits of many, sealed handles under shared keys, rows that can be damaged.</summary>
public sealed class PostgresStoreTests(OwnDatabase database) : IClassFixture<OwnDatabase>, IAsyncLifetime
{
    private static readonly CancellationToken None = CancellationToken.None;
    private static readonly TenantId Tenant = new("acme");

    private PostgresPeer silo = null!;

    public async ValueTask InitializeAsync() => silo = await PostgresPeer.OpenAsync(database.ConnectionString);

    public ValueTask DisposeAsync() => silo.DisposeAsync();

    [Fact]
    public async Task Appends_ThatAreReadyTogether_AreCommittedTogether()
    {
        var claims = await ClaimAsync(100);
        await using var locking = await silo.Database.Source.OpenConnectionAsync();
        await using var transaction = await locking.BeginTransactionAsync();
        await RunAsync("lock table orchestrator.facts in exclusive mode", locking);

        // The commits that are under way wait for this lock, and the others for those.
        var appends = claims.Select(c => silo.Store.AppendAsync(c, From(1, Opened()), Durability.Flushed, None)).ToList();
        await transaction.CommitAsync();
        await Task.WhenAll(appends);

        var sizes = silo.Metrics.Values("orchestrator.store.commit.appends");
        Assert.Equal(100, sizes.Sum());
        Assert.InRange(sizes.Count, 1, 10);
        Assert.Equal(sizes.Count, silo.Metrics.Values("orchestrator.store.commit.duration", "outcome=committed").Count);
        Assert.Equal(100, silo.Metrics.Sum("orchestrator.store.appends", "outcome=appended"));
        Assert.Equal(0, silo.Metrics.Sum("orchestrator.store.waiting"));
    }

    [Fact]
    public async Task Append_ThatTheDatabaseCannotTake_FailsAlone()
    {
        await RunAsync("alter table orchestrator.facts add constraint healthy check (payload not like '%poison%')");
        try
        {
            var claims = await ClaimAsync(30);
            var failures = await Task.WhenAll(claims.Select((c, i) => Record.ExceptionAsync(() =>
                silo.Store.AppendAsync(c, From(1, Turn(1, i % 10 == 3 ? "poison" : "words")), Durability.Flushed, None)).AsTask()));
            for (var i = 0; i < claims.Length; i++)
            {
                Assert.Equal(i % 10 == 3 ? typeof(IOException) : null, failures[i]?.GetType());
                Assert.Equal(i % 10 == 3 ? 0 : 1, (await silo.Store.LoadAsync(Tenant, claims[i].Conversation, None)).Entries.Count);
            }
        }
        finally
        {
            await RunAsync("alter table orchestrator.facts drop constraint healthy");
        }
    }

    [Fact]
    public async Task Handles_AreSealedInTheirRows_AndOpenedByEverySilo()
    {
        var checkpoint = new CheckpointTaken(1, 1, "main", "handle-51ab-secret", 42, "hash");
        var mine = (await ClaimAsync(1))[0];
        await silo.Store.AppendAsync(mine, From(1, checkpoint), Durability.Flushed, None);

        Assert.DoesNotContain("handle-51ab-secret", await AskAsync<string>($"select payload from orchestrator.facts where conversation = '{mine.Conversation}'"), StringComparison.Ordinal);
        await using var other = await PostgresPeer.OpenAsync(database.ConnectionString);
        Assert.Equal(checkpoint, Assert.Single((await other.Store.LoadAsync(Tenant, mine.Conversation, None)).Entries).Fact);
    }

    [Fact]
    public async Task Key_ThatIsAddedWhileASiloRuns_OpensWhatOthersSealWithIt()
    {
        await RunAsync($"insert into orchestrator.keys (purpose, id, key) select 'journal', max(id) + 1, decode('{new string('a', 64)}', 'hex') from orchestrator.keys where purpose = 'journal'");
        await using var newer = await PostgresPeer.OpenAsync(database.ConnectionString);
        var checkpoint = new CheckpointTaken(1, 1, "main", "handle", 42, "hash");
        var mine = await newer.Store.ClaimAsync(Tenant, NewId(), "silo-2", mustExist: false, None);
        await newer.Store.AppendAsync(mine, From(1, checkpoint), Durability.Flushed, None);

        Assert.Equal(checkpoint, Assert.Single((await silo.Store.LoadAsync(Tenant, mine.Conversation, None)).Entries).Fact);
    }

    [Fact]
    public async Task Keys_OfAPurpose_AreTheSameForEveryProcess()
    {
        var rings = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() => silo.Database.LoadOrCreateKeysAsync("resumption", None))));
        Assert.All(rings, ring => Assert.True(ring.HasAllOf(rings[0]) && rings[0].HasAllOf(ring)));
        Assert.False(rings[0].HasAllOf(await silo.Database.LoadOrCreateKeysAsync("other", None)));
    }

    [Theory]
    [InlineData("delete from orchestrator.facts where position = 2 and conversation = '{0}'", "position 2 expected, 3 found")]
    [InlineData("delete from orchestrator.facts where position = 3 and conversation = '{0}'", "3 facts expected, 2 found")]
    [InlineData("update orchestrator.facts set payload = left(payload, 40) where position = 2 and conversation = '{0}'", "position 2 cannot be read")]
    [InlineData("update orchestrator.facts set payload = replace(payload, '\"n\":2', '\"n\":9') where conversation = '{0}'", "it says n = 9")]
    public async Task Journal_ThatWasTamperedWith_IsSaidToBeDamaged(string damage, string said)
    {
        var mine = (await ClaimAsync(1))[0];
        await silo.Store.AppendAsync(mine, From(1, Opened(), Turn(1), Turn(2)), Durability.Flushed, None);
        await RunAsync(damage.Replace("{0}", mine.Conversation.ToString(), StringComparison.Ordinal));

        var damaged = await Assert.ThrowsAsync<JournalDamagedException>(() => silo.Store.LoadAsync(Tenant, mine.Conversation, None));
        Assert.Contains(said, damaged.Message, StringComparison.Ordinal);
        Assert.Contains(mine.Conversation.ToString(), damaged.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Ownership_OfADeletedConversation_IsLost()
    {
        var mine = (await ClaimAsync(1))[0];
        await RunAsync($"delete from orchestrator.conversations where id = '{mine.Conversation}'");
        await Assert.ThrowsAsync<OwnershipLostException>(() => silo.Store.AppendAsync(mine, From(1, Opened()), Durability.Flushed, None));
    }

    [Fact]
    public async Task ClosedStore_RefusesAppends()
    {
        var mine = (await ClaimAsync(1))[0];
        await silo.Store.DisposeAsync();
        await Assert.ThrowsAsync<IOException>(() => silo.Store.AppendAsync(mine, From(1, Opened()), Durability.Flushed, None));
    }

    [Fact]
    public async Task Services_AreStoreRegistryAndDirectory()
    {
        await using var services = new ServiceCollection().AddLogging().AddMetrics().AddSingleton(TimeProvider.System)
            .AddPostgresStore(silo.Database, await silo.Database.LoadOrCreateKeysAsync(PostgresStore.KeyPurpose, None))
            .BuildServiceProvider(validateScopes: true);
        var mine = await services.GetRequiredService<IConversationStore>().ClaimAsync(Tenant, NewId(), "silo-x", mustExist: false, None);
        await services.GetRequiredService<ISiloRegistry>().RegisterAsync("silo-x", new Uri("http://10.0.0.9"), None);
        Assert.True((await services.GetRequiredService<IOwnershipDirectory>().FindOwnerAsync(Tenant, mine.Conversation, None))!.IsAlive);
    }

    private Task<Ownership[]> ClaimAsync(int count) =>
        Task.WhenAll(Enumerable.Range(0, count).Select(_ => silo.Store.ClaimAsync(Tenant, NewId(), "silo-1", mustExist: false, None)));

    private async Task RunAsync(string sql, NpgsqlConnection? on = null)
    {
        await using var own = on is null ? await silo.Database.Source.OpenConnectionAsync() : null;
        await using var command = new NpgsqlCommand(sql, on ?? own);
        await command.ExecuteNonQueryAsync();
    }

    private async Task<T> AskAsync<T>(string sql)
    {
        await using var command = silo.Database.Source.CreateCommand(sql);
        return (T)(await command.ExecuteScalarAsync())!;
    }
}
