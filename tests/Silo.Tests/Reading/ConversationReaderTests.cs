using Orchestrator.Journal;
using Orchestrator.Reading;
using Orchestrator.Silo.Reading;
using Orchestrator.Silo.Stores;
using static Orchestrator.Silo.Tests.Facts;
using Orchestrator.Testing;

namespace Orchestrator.Silo.Tests.Reading;

public sealed class ConversationReaderTests : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private static readonly CancellationToken None = CancellationToken.None;

    private readonly TempDirectory temp = new();
    private readonly DataDirectory directory;
    private readonly EmbeddedStore store;
    private readonly CountingStore counting;
    private readonly JournalFeed feed = new();
    private readonly HashSet<ConversationId> active = [];
    private readonly ConversationReader reader;

    public ConversationReaderTests()
    {
        directory = DataDirectory.Open(temp.Path);
        store = new EmbeddedStore(directory);
        counting = new CountingStore(store);
        reader = new ConversationReader(counting, feed, (_, id) => ValueTask.FromResult(active.Contains(id)));
    }

    public async ValueTask DisposeAsync()
    {
        await store.DisposeAsync();
        directory.Dispose();
        temp.Dispose();
    }

    [Fact]
    public async Task State_IsLiveResumableOrEnded()
    {
        var mine = await OpenAsync();
        Assert.Equal("resumable", (await reader.FindAsync(Acme, mine.Conversation, None))!.State);
        active.Add(mine.Conversation);
        Assert.Equal("live", (await reader.FindAsync(Acme, mine.Conversation, None))!.State);
        await AppendAsync(mine, 2, new ConversationEnded("Bye.", "client"));
        var summary = await reader.FindAsync(Acme, mine.Conversation, None);
        Assert.Equal(("ended", "Bye."), (summary!.State, summary.EndReason));
    }

    [Fact]
    public async Task EveryQuestion_AboutAnUnknownForeignOrEmptyConversation_IsAnsweredWithNull()
    {
        var mine = await OpenAsync();
        await AppendAsync(mine, 2, new ConversationEnded("Bye.", "client"));
        Assert.NotNull(await reader.FindAsync(Acme, mine.Conversation, None));
        var empty = await store.ClaimAsync(Acme, NewId(), "silo-1", mustExist: false, None);

        foreach (var (tenant, id) in new[] { (Other, mine.Conversation), (Acme, NewId()), (Acme, empty.Conversation) })
        {
            Assert.Null(await reader.FindAsync(tenant, id, None));
            Assert.Null(await reader.TranscriptAsync(tenant, id, None));
            Assert.Null(await reader.UsageAsync(tenant, id, None));
            Assert.Null(await reader.FactsAsync(tenant, id, 0, None));
        }
    }

    [Fact]
    public async Task Handles_LeaveNeitherThroughFactsNorThroughTheTail()
    {
        var mine = await OpenAsync();
        await AppendAsync(mine, 2, new CheckpointTaken(1, 1, "main", "secret", 7, "h"));
        var facts = await reader.FactsAsync(Acme, mine.Conversation, 1, None);
        Assert.Equal("", ((CheckpointTaken)Assert.Single(facts!).Fact).Handle);

        await using var tail = reader.TailAsync(Acme, mine.Conversation, 1, None).GetAsyncEnumerator(None);
        Assert.True(await NextAsync(tail));
        Assert.Equal("", ((CheckpointTaken)tail.Current.Fact).Handle);
        await AppendAsync(mine, 3, new CheckpointTaken(1, 1, "main", "secret", 8, "h"));
        Assert.True(await NextAsync(tail));
        Assert.Equal("", ((CheckpointTaken)tail.Current.Fact).Handle);
    }

    [Fact]
    public async Task List_ReadsOnlyItsPage_SkipsEmptyConversations_AndShowsDamagedOnes()
    {
        var ids = new List<ConversationId>();
        for (var i = 0; i < 40; i++)
        {
            var id = new ConversationId(Guid.CreateVersion7(Noon.AddSeconds(i)));
            var mine = await store.ClaimAsync(Acme, id, "silo-1", mustExist: false, None);
            if (i % 4 != 3)
            {
                await AppendAsync(mine, 1, Opened());
                ids.Add(id);
            }

            await store.ReleaseAsync(mine, None);
        }

        ids.Reverse();
        await File.WriteAllTextAsync(Path.Combine(temp.Path, "conversations", "acme", ids[1] + ".jsonl"), "x\nx\n");

        var page = await reader.ListAsync(Acme, null, 10, None);
        Assert.Equal(ids.Take(10).Select(id => id.ToString()), page.Select(s => s.Id));
        Assert.Equal(["resumable", "damaged", "resumable"], page.Take(3).Select(s => s.State));
        Assert.Equal(Noon.AddSeconds(37), page[1].CreatedAt);
        Assert.InRange(counting.Loads, 10, 14);

        var rest = await reader.ListAsync(Acme, ids[9], 50, None);
        Assert.Equal(ids.Skip(10).Select(id => id.ToString()), rest.Select(s => s.Id));
    }

    [Fact]
    public async Task List_RemembersEndedConversations()
    {
        for (var i = 0; i < 5; i++)
        {
            await AppendAsync(await OpenAsync(), 2, new ConversationEnded("Bye.", "client"));
        }

        await reader.ListAsync(Acme, null, 10, None);
        var loads = counting.Loads;
        Assert.Equal(5, (await reader.ListAsync(Acme, null, 10, None)).Count);
        Assert.Equal(loads, counting.Loads);
    }

    [Fact]
    public async Task Tail_OfAnEndedConversation_Ends_WhereverItBegins()
    {
        var mine = await OpenAsync();
        await AppendAsync(mine, 2, new ConversationEnded("Bye.", "client"));
        for (var after = 0; after <= 3; after++)
        {
            var seen = await CollectAsync(reader.TailAsync(Acme, mine.Conversation, after, None));
            Assert.Equal(Enumerable.Range(1, 2).Where(n => n > after), seen);
        }
    }

    [Fact]
    public async Task Tail_OfAnUnknownConversation_SaysSo() =>
        await Assert.ThrowsAsync<ConversationNotFoundException>(() => CollectAsync(reader.TailAsync(Acme, NewId(), 0, None)));

    [Fact]
    public async Task Tails_ThatBeginAtAnyMoment_HaveNeitherGapNorDuplicate()
    {
        const int Last = 600;
        var mine = await OpenAsync();
        var tails = new List<Task<List<int>>>();
        for (var n = 2; n < Last; n++)
        {
            if (n % 40 == 0)
            {
                tails.Add(Task.Run(() => CollectAsync(reader.TailAsync(Acme, mine.Conversation, 0, None))));
            }

            await AppendAsync(mine, n, Turn(n));
        }

        await AppendAsync(mine, Last, new ConversationEnded("Bye.", "client"));
        foreach (var seen in await Task.WhenAll(tails).WaitAsync(Patience))
        {
            Assert.Equal(Enumerable.Range(1, Last), seen);
        }

        Assert.Equal(0, feed.ListenedTo);
    }

    [Fact]
    public async Task Tail_ThatIsReadSlowly_ReadsTheStoreInsteadOfGrowing()
    {
        const int Last = 2000;
        var mine = await OpenAsync();
        await using var tail = reader.TailAsync(Acme, mine.Conversation, 0, None).GetAsyncEnumerator(None);
        Assert.True(await NextAsync(tail));
        Assert.Empty(counting.ReadAfters);

        // Nobody reads while these are announced: most announcements are lost.
        for (var n = 2; n <= Last; n++)
        {
            await AppendAsync(mine, n, Turn(n));
        }

        for (var n = 2; n <= Last; n++)
        {
            Assert.True(await NextAsync(tail));
            Assert.Equal(n, tail.Current.Position);
        }

        Assert.InRange(counting.ReadAfters.Count, 1, 2);
        await AppendAsync(mine, Last + 1, new ConversationEnded("Bye.", "client"));
        Assert.True(await NextAsync(tail));
        Assert.False(await NextAsync(tail));
    }

    [Fact]
    public async Task Tail_ThatIsCancelled_LeavesTheFeed()
    {
        var mine = await OpenAsync();
        using var stop = new CancellationTokenSource();
        var collecting = CollectAsync(reader.TailAsync(Acme, mine.Conversation, 0, stop.Token));
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => collecting.WaitAsync(Patience));
        Assert.Equal(0, feed.ListenedTo);
    }

    [Fact]
    public async Task Feed_OfAnotherTenantsConversation_IsSilent()
    {
        var mine = await OpenAsync();
        using var listening = feed.Subscribe(Acme, mine.Conversation);
        feed.Published(Other, mine.Conversation, From(2, Turn(1)));
        Assert.False(listening.TryTake(out _));
        feed.Published(Acme, mine.Conversation, From(2, Turn(1)));
        Assert.True(listening.TryTake(out _));
    }

    private async Task<Ownership> OpenAsync()
    {
        var mine = await store.ClaimAsync(Acme, NewId(), "silo-1", mustExist: false, None);
        await AppendAsync(mine, 1, Opened());
        return mine;
    }

    private async Task AppendAsync(Ownership mine, long position, ConversationFact fact)
    {
        var entries = From(position, fact);
        await store.AppendAsync(mine, entries, Durability.Written, None);
        feed.Published(mine.Tenant, mine.Conversation, entries);
    }

    private static Task<bool> NextAsync(IAsyncEnumerator<JournalEntry> tail) => tail.MoveNextAsync().AsTask().WaitAsync(Patience);

    private static async Task<List<int>> CollectAsync(IAsyncEnumerable<JournalEntry> tail)
    {
        var seen = new List<int>();
        await foreach (var entry in tail)
        {
            seen.Add((int)entry.Position);
        }

        return seen;
    }

    [Fact]
    public async Task Tail_OfFactsThatNobodyAnnounces_ReadsTheJournalOnce_AndThenOnlyWhatIsNew()
    {
        var polling = new ConversationReader(counting, feed, (_, _) => ValueTask.FromResult(true), poll: TimeSpan.FromMilliseconds(10));
        var mine = await OpenAsync();
        await using var tail = polling.TailAsync(Acme, mine.Conversation, 0, None).GetAsyncEnumerator(None);
        Assert.True(await tail.MoveNextAsync().AsTask().WaitAsync(Patience));
        await store.AppendAsync(mine, From(2, Turn(1)), Durability.Written, None);
        Assert.True(await tail.MoveNextAsync().AsTask().WaitAsync(Patience));
        Assert.Equal(2, tail.Current.Position);
        await store.AppendAsync(mine, From(3, Turn(2), new ConversationEnded("Bye.", "client")), Durability.Written, None);
        Assert.True(await tail.MoveNextAsync().AsTask().WaitAsync(Patience));
        Assert.True(await tail.MoveNextAsync().AsTask().WaitAsync(Patience));
        Assert.False(await tail.MoveNextAsync().AsTask().WaitAsync(Patience));
        Assert.Equal(1, counting.Loads);
        Assert.Equal([1, 2], counting.ReadAfters.Distinct());
    }

    private sealed class CountingStore(IConversationStore inner) : IConversationStore
    {
        private int loads;

        public int Loads => loads;

        public Task<Ownership> ClaimAsync(TenantId tenant, ConversationId conversation, string owner, bool mustExist, CancellationToken cancellation) =>
            inner.ClaimAsync(tenant, conversation, owner, mustExist, cancellation);

        public Task<LoadedJournal> LoadAsync(TenantId tenant, ConversationId conversation, CancellationToken cancellation)
        {
            Interlocked.Increment(ref loads);
            return inner.LoadAsync(tenant, conversation, cancellation);
        }

        public System.Collections.Concurrent.ConcurrentQueue<long> ReadAfters { get; } = [];

        public Task<IReadOnlyList<JournalEntry>> ReadAfterAsync(TenantId tenant, ConversationId conversation, long after, CancellationToken cancellation)
        {
            ReadAfters.Enqueue(after);
            return inner.ReadAfterAsync(tenant, conversation, after, cancellation);
        }

        public Task AppendAsync(Ownership ownership, IReadOnlyList<JournalEntry> entries, Durability durability, CancellationToken cancellation) =>
            inner.AppendAsync(ownership, entries, durability, cancellation);

        public Task ReleaseAsync(Ownership ownership, CancellationToken cancellation) => inner.ReleaseAsync(ownership, cancellation);

        public Task<IReadOnlyList<ConversationId>> ListAsync(TenantId tenant, ConversationId? before, int limit, CancellationToken cancellation) =>
            inner.ListAsync(tenant, before, limit, cancellation);
    }
}
