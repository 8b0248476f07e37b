using Npgsql;
using Orchestrator.Journal;
using static Orchestrator.Silo.Tests.Facts;

namespace Orchestrator.Silo.Tests.Stores.Postgres;

/// <summary>Conversations that nobody looks after are finalised once, and old ones can be deleted.</summary>
public sealed class PostgresSweepTests(SharedPostgres shared) : IAsyncLifetime
{
    private static readonly CancellationToken None = CancellationToken.None;
    private static readonly TenantId Tenant = new("acme");
    private static readonly TimeSpan Window = TimeSpan.FromHours(2);
    private static readonly TimeSpan DeadFor = TimeSpan.FromMinutes(1);

    private PostgresPeer dead = null!;
    private PostgresPeer alive = null!;

    public async ValueTask InitializeAsync()
    {
        // Sweeping takes what it finds, so every test has its own database.
        var connection = await (await shared.Server).CreateDatabaseAsync();
        dead = await PostgresPeer.OpenAsync(connection);
        alive = await PostgresPeer.OpenAsync(connection);
        await alive.Registry.RegisterAsync("alive", new Uri("http://10.0.0.1"), None);
    }

    public async ValueTask DisposeAsync()
    {
        await dead.DisposeAsync();
        await alive.DisposeAsync();
    }

    [Fact]
    public async Task Sweep_TakesWhatNobodyCanResumeAndNobodyOwns_AndNothingElse()
    {
        var orphan = await TalkAsync(dead, "dead");
        var parked = await TalkAsync(dead, "dead");
        await dead.Store.ReleaseAsync(parked, None);
        var living = await TalkAsync(alive, "alive");
        var ended = await TalkAsync(dead, "dead");
        await dead.Store.AppendAsync(ended, From(2, new ConversationEnded("over", "client")), Durability.Flushed, None);
        await AgeAsync(TimeSpan.FromHours(3));
        var resumable = await TalkAsync(dead, "dead");

        var swept = await alive.Directory.ClaimAbandonedAsync("alive", Window, DeadFor, 10, None);
        Assert.Equal(
            new[] { orphan.Conversation, parked.Conversation }.Order(Comparer<ConversationId>.Create((a, b) => a.Value.CompareTo(b.Value))),
            swept.Select(s => s.Conversation).Order(Comparer<ConversationId>.Create((a, b) => a.Value.CompareTo(b.Value))));
        Assert.All(swept, s => Assert.Equal((Tenant, "alive"), (s.Tenant, s.Owner)));

        // What was swept belongs to the one who swept it, and to nobody before.
        foreach (var ownership in swept)
        {
            await alive.Store.AppendAsync(ownership, From(2, new ConversationEnded("nobody came back", "platform")), Durability.Flushed, None);
        }

        await Assert.ThrowsAsync<OwnershipLostException>(() => dead.Store.AppendAsync(orphan, From(2, Turn(1)), Durability.Flushed, None));
        await dead.Store.AppendAsync(resumable, From(2, Turn(1)), Durability.Flushed, None);
        await alive.Store.AppendAsync(living, From(2, Turn(1)), Durability.Flushed, None);
        await AgeAsync(TimeSpan.FromHours(3));
        Assert.Equal([resumable.Conversation], (await alive.Directory.ClaimAbandonedAsync("alive", Window, DeadFor, 10, None)).Select(s => s.Conversation));
    }

    [Fact]
    public async Task Sweeps_AtTheSameTime_GetDifferentConversations_InBatches()
    {
        var orphans = await Task.WhenAll(Enumerable.Range(0, 60).Select(_ => TalkAsync(dead, "dead")));
        await AgeAsync(TimeSpan.FromHours(3));

        var batches = await Task.WhenAll(Enumerable.Range(0, 8).Select(n => Task.Run(() =>
            (n % 2 == 0 ? alive : dead).Directory.ClaimAbandonedAsync($"sweeper-{n}", Window, DeadFor, 5, None))));
        Assert.All(batches, batch => Assert.InRange(batch.Count, 0, 5));
        var taken = batches.SelectMany(b => b).Select(o => o.Conversation).ToList();
        Assert.NotEmpty(taken);
        while (await alive.Directory.ClaimAbandonedAsync("alive", Window, DeadFor, 7, None) is { Count: > 0 } more)
        {
            taken.AddRange(more.Select(o => o.Conversation));
        }

        Assert.Equal(orphans.Length, taken.Count);
        Assert.Equal(orphans.Select(o => o.Conversation).ToHashSet(), taken.ToHashSet());
    }

    [Fact]
    public async Task Retention_DeletesWhatIsOld_WithItsFacts_InBatches()
    {
        for (var n = 0; n < 5; n++)
        {
            await dead.Store.ReleaseAsync(await TalkAsync(dead, "dead"), None);
        }

        var living = await TalkAsync(alive, "alive");
        await AgeAsync(TimeSpan.FromDays(40));
        var young = await TalkAsync(dead, "dead");

        foreach (var expected in (int[])[3, 2, 0])
        {
            Assert.Equal(expected, await DeleteAsync("30 days", 3));
        }

        Assert.Equal(2L, await AskAsync<long>("select count(*) from orchestrator.facts"));
        Assert.Single((await alive.Store.LoadAsync(Tenant, living.Conversation, None)).Entries);
        Assert.Single((await dead.Store.LoadAsync(Tenant, young.Conversation, None)).Entries);
        var refused = await Assert.ThrowsAsync<PostgresException>(() => DeleteAsync("1 hour", 3));
        Assert.Contains("at least 3 hours", refused.MessageText, StringComparison.Ordinal);
    }

    private static async Task<Ownership> TalkAsync(PostgresPeer silo, string owner)
    {
        var mine = await silo.Store.ClaimAsync(Tenant, NewId(), owner, mustExist: false, None);
        await silo.Store.AppendAsync(mine, From(1, Opened()), Durability.Flushed, None);
        return mine;
    }

    private Task<int> DeleteAsync(string olderThan, int atMost) => AskAsync<int>($"select orchestrator.delete_conversations(interval '{olderThan}', {atMost})");

    /// <summary>Everything that there is happened earlier than it did.</summary>
    private Task AgeAsync(TimeSpan age) => AskAsync<object?>(
        $"update orchestrator.conversations set claimed_at = claimed_at - interval '{(int)age.TotalHours} hours', appended_at = appended_at - interval '{(int)age.TotalHours} hours'");

    private async Task<T> AskAsync<T>(string sql)
    {
        await using var command = alive.Database.Source.CreateCommand(sql);
        return (T)(await command.ExecuteScalarAsync())!;
    }
}
