using Npgsql;
using Orchestrator.Journal;
using Orchestrator.Silo.Stores;
using Orchestrator.Silo.Stores.Postgres;
using static Orchestrator.Silo.Tests.Facts;

namespace Orchestrator.Silo.Tests.Stores.Postgres;

/// <summary>
/// Nothing of an old owner's becomes visible after a new owner has loaded, however slow its append is. The slow append is the
/// store's own statement in a transaction that stays open between the check and the commit.
/// </summary>
public sealed class PostgresFenceTests(OwnDatabase database) : IClassFixture<OwnDatabase>
{
    private static readonly CancellationToken None = CancellationToken.None;
    private static readonly TenantId Tenant = new("acme");

    [Fact]
    public async Task SlowAppend_ThatCommits_IsWaitedForByTheClaim_AndLoadedByTheNewOwner()
    {
        await using var old = await PostgresPeer.OpenAsync(database.ConnectionString);
        await using var successor = await PostgresPeer.OpenAsync(database.ConnectionString, options => options.CutOffAfter = TimeSpan.FromMinutes(1));
        var mine = await old.Store.ClaimAsync(Tenant, NewId(), "silo-1", mustExist: false, None);
        await old.Store.AppendAsync(mine, From(1, Opened()), Durability.Flushed, None);

        await using var slow = await SlowAppend.BeginAsync(old, mine, From(2, Turn(1, "slow")));
        var claim = successor.Store.ClaimAsync(Tenant, mine.Conversation, "silo-2", mustExist: true, None);
        await WaitsForALockAsync();
        Assert.False(claim.IsCompleted);
        await slow.CommitAsync();

        var newer = await claim;
        AssertTexts(["slow"], await successor.Store.LoadAsync(Tenant, mine.Conversation, None));
        await Assert.ThrowsAsync<OwnershipLostException>(() => old.Store.AppendAsync(mine, From(3, Turn(2)), Durability.Flushed, None));
        await successor.Store.AppendAsync(newer, From(3, Turn(2, "next")), Durability.Flushed, None);
        AssertTexts(["slow", "next"], await successor.Store.LoadAsync(Tenant, mine.Conversation, None));
    }

    [Fact]
    public async Task SlowAppend_OfAnOwnerThatIsFrozen_IsCutOff_AndNeverCommits()
    {
        await using var old = await PostgresPeer.OpenAsync(database.ConnectionString);
        await using var successor = await PostgresPeer.OpenAsync(database.ConnectionString);
        var mine = await old.Store.ClaimAsync(Tenant, NewId(), "silo-1", mustExist: false, None);
        await old.Store.AppendAsync(mine, From(1, Opened()), Durability.Flushed, None);

        // Nobody will ever say commit: the claim must come through all the same, in bounded time.
        await using var slow = await SlowAppend.BeginAsync(old, mine, From(2, Turn(1, "frozen")));
        var newer = await successor.Store.ClaimAsync(Tenant, mine.Conversation, "silo-2", mustExist: true, None);
        AssertTexts([], await successor.Store.LoadAsync(Tenant, mine.Conversation, None));
        await Assert.ThrowsAnyAsync<NpgsqlException>(slow.CommitAsync);

        await successor.Store.AppendAsync(newer, From(2, Turn(1, "next")), Durability.Flushed, None);
        await Assert.ThrowsAsync<OwnershipLostException>(() => old.Store.AppendAsync(mine, From(2, Turn(1, "frozen")), Durability.Flushed, None));
        AssertTexts(["next"], await successor.Store.LoadAsync(Tenant, mine.Conversation, None));
        Assert.True(successor.Metrics.Sum("orchestrator.store.failures", "operation=claim cause=locked") > 0);
    }

    [Fact]
    public async Task Append_ThatComesWhileAClaimIsUncommitted_IsFenced_AndDelaysNobodyElse()
    {
        await using var old = await PostgresPeer.OpenAsync(database.ConnectionString);
        var mine = await old.Store.ClaimAsync(Tenant, NewId(), "silo-1", mustExist: false, None);
        var other = await old.Store.ClaimAsync(Tenant, NewId(), "silo-1", mustExist: false, None);

        await using var claiming = await old.Database.Source.OpenConnectionAsync();
        await using var transaction = await claiming.BeginTransactionAsync();
        await ClaimStatement.ExecuteAsync(claiming, Tenant, mine.Conversation, ("silo-2", 1_000_000), mustExist: true, TimeSpan.FromSeconds(1), None);

        var held = old.Store.AppendAsync(mine, From(1, Opened()), Durability.Flushed, None);
        await old.Store.AppendAsync(other, From(1, Opened()), Durability.Flushed, None);
        await old.Store.AppendAsync(other, From(2, Turn(1)), Durability.Flushed, None);
        Assert.False(held.IsCompleted);
        await transaction.CommitAsync();
        await Assert.ThrowsAsync<OwnershipLostException>(() => held);
        Assert.Empty((await old.Store.LoadAsync(Tenant, mine.Conversation, None)).Entries);
    }

    [Fact]
    public async Task Batches_OfTwoSilosOverTheSameConversations_NeitherDeadlockNorMix()
    {
        await using var one = await PostgresPeer.OpenAsync(database.ConnectionString);
        await using var two = await PostgresPeer.OpenAsync(database.ConnectionString);
        var ids = Enumerable.Range(0, 40).Select(_ => NewId()).ToList();
        var accepted = await Task.WhenAll(ids.Select(async (id, i) =>
        {
            var counts = await Task.WhenAll(FightAsync(one, id, i), FightAsync(two, id, i + 1));
            return counts.Sum();
        }));

        for (var i = 0; i < ids.Count; i++)
        {
            var entries = (await one.Store.LoadAsync(Tenant, ids[i], None)).Entries;
            Assert.Equal(accepted[i], entries.Count);
            Assert.Equal(Enumerable.Range(1, entries.Count), entries.Select(e => (int)e.Position));
        }

        Assert.Equal(0, one.Metrics.Sum("orchestrator.store.failures") + two.Metrics.Sum("orchestrator.store.failures"));
        Assert.True(accepted.Sum() > ids.Count, $"{accepted.Sum()} appends");
        Assert.True(one.Metrics.Sum("orchestrator.store.appends", "fenced") + two.Metrics.Sum("orchestrator.store.appends", "fenced") > 0);
    }

    private static async Task<int> FightAsync(PostgresPeer silo, ConversationId id, int turn)
    {
        var accepted = 0;
        for (var round = 0; round < 5; round++)
        {
            var mine = await silo.Store.ClaimAsync(Tenant, id, $"silo-{turn % 2}", mustExist: false, None);
            var next = (await silo.Store.LoadAsync(Tenant, id, None)).Entries.Count + 1;
            try
            {
                for (var n = 0; n < 3; n++)
                {
                    await silo.Store.AppendAsync(mine, From(next + n, Turn(round)), Durability.Flushed, None);
                    accepted++;
                }
            }
            catch (OwnershipLostException)
            {
                // The other one claimed it.
            }
        }

        return accepted;
    }

    private async Task WaitsForALockAsync()
    {
        await using var source = NpgsqlDataSource.Create(database.ConnectionString);
        await Orchestrator.Testing.Patience.Until(
            async () =>
            {
                await using var ask = source.CreateCommand("select exists (select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock')");
                return (bool)(await ask.ExecuteScalarAsync())!;
            },
            "the claim to wait for the append's lock");
    }

    private static void AssertTexts(string[] expected, LoadedJournal journal) =>
        Assert.Equal(expected, journal.Entries.Select(e => e.Fact).OfType<TurnCommitted>().Select(t => t.User!.Text));

    /// <summary>The store's own append, in a transaction of the test's.</summary>
    private sealed class SlowAppend(NpgsqlConnection connection, NpgsqlTransaction transaction) : IAsyncDisposable
    {
        public static async Task<SlowAppend> BeginAsync(PostgresPeer owner, Ownership ownership, JournalEntry[] entries)
        {
            var connection = await owner.Database.Source.OpenConnectionAsync();
            var transaction = await connection.BeginTransactionAsync();
            var codec = new JournalCodec(new Secrets.SecretBox(await owner.Database.LoadOrCreateKeysAsync(PostgresStore.KeyPurpose, None)));
            var verdict = Assert.Single(await AppendStatement.ExecuteAsync(connection, [new PendingAppend(ownership, entries, codec)], owner.Database.Incarnation, None));
            Assert.Equal(AppendOutcome.Appended, verdict.Outcome);
            return new SlowAppend(connection, transaction);
        }

        public Task CommitAsync() => transaction.CommitAsync();

        public async ValueTask DisposeAsync()
        {
            await transaction.DisposeAsync();
            await connection.DisposeAsync();
        }
    }
}
