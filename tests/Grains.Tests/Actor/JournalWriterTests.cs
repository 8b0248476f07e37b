using Microsoft.Extensions.Logging.Abstractions;
using Orchestrator.Grains.Actor;
using Orchestrator.Journal;
using Orchestrator.Testing;
using Xunit;

namespace Orchestrator.Grains.Tests.Actor;

/// <summary>Which failures of the store a conversation waits out, and which end it at once. The clock stands still unless it is moved.</summary>
public sealed class JournalWriterTests
{
    private readonly ManualTime _clock = new();
    private readonly List<long> _durable = [];
    private readonly TaskCompletionSource _lost = new(TaskCreationOptions.RunContinuationsAsynchronously);

    [Fact]
    public async Task FactsThatTheJournalDoesNotTake_AreTriedOnce_AndTheConversationGoesOnElsewhere()
    {
        var store = new FailingStore(() => new ArgumentException("Position 7 follows, not 9."));
        var writer = Writer(store);
        writer.Append(Entry(9), Durability.Flushed);
        await Patience.For(_lost.Task, "the end of the conversation");
        await Patience.For(writer.FinishAsync(TimeSpan.FromHours(1)), "the end of the writing");
        writer.Append(Entry(10), Durability.Flushed);
        await Patience.For(writer.FinishAsync(TimeSpan.FromHours(1)), "the end of the writing");
        Assert.Equal(1, store.Tries);
        Assert.Empty(_durable);
    }

    [Fact]
    public async Task DiskOrDatabaseThatIsAway_IsTriedAgain()
    {
        var away = 2;
        var store = new FailingStore(() => away-- > 0 ? new IOException("away") : null);
        var writer = Writer(store);
        writer.Append(Entry(1), Durability.Flushed);
        for (var tries = 1; tries <= 2; tries++)
        {
            await Patience.Until(() => Task.FromResult(store.Tries == tries && _clock.Armed > 0), "a failed try");
            _clock.Advance(TimeSpan.FromMilliseconds(250));
        }

        await Patience.For(writer.FinishAsync(TimeSpan.FromHours(1)), "the end of the writing");
        Assert.Equal((3, 1), (store.Tries, Assert.Single(_durable)));
        Assert.False(_lost.Task.IsCompleted);
    }

    private static JournalEntry Entry(long position) => new(position, DateTimeOffset.UnixEpoch, new ClientAttached(1));

    private JournalWriter Writer(IConversationStore store) => new(
        store,
        new Ownership(new TenantId("acme"), new ConversationId(Guid.CreateVersion7()), "silo-1", 1),
        _clock,
        NullLogger.Instance,
        batch => _durable.AddRange(batch.Select(entry => entry.Position)),
        _lost.SetResult);

    private sealed class FailingStore(Func<Exception?> failure) : IConversationStore
    {
        private int _tries;

        public int Tries => Volatile.Read(ref _tries);

        public Task AppendAsync(Ownership ownership, IReadOnlyList<JournalEntry> entries, Durability durability, CancellationToken cancellation)
        {
            Interlocked.Increment(ref _tries);
            return failure() is { } wrong ? Task.FromException(wrong) : Task.CompletedTask;
        }

        public Task<Ownership> ClaimAsync(TenantId tenant, ConversationId conversation, string owner, bool mustExist, CancellationToken cancellation) => throw new NotSupportedException();

        public Task<LoadedJournal> LoadAsync(TenantId tenant, ConversationId conversation, CancellationToken cancellation) => throw new NotSupportedException();

        public Task ReleaseAsync(Ownership ownership, CancellationToken cancellation) => throw new NotSupportedException();

        public Task<IReadOnlyList<ConversationId>> ListAsync(TenantId tenant, ConversationId? before, int limit, CancellationToken cancellation) => throw new NotSupportedException();
    }
}
