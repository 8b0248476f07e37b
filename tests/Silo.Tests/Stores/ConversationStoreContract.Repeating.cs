using Orchestrator.Journal;
using static Orchestrator.Silo.Tests.Facts;

namespace Orchestrator.Silo.Tests.Stores;

/// <summary>An owner that does not know what became of its append repeats it.</summary>
public abstract partial class ConversationStoreContract
{
    [Theory]
    [InlineData(Durability.Written)]
    [InlineData(Durability.Flushed)]
    public async Task Append_Repeated_IsInTheJournalOnce(Durability durability)
    {
        var mine = await Store.ClaimAsync(Acme, NewId(), "silo-1", mustExist: false, None);
        JournalEntry[] first = From(1, Opened());
        // A handle is sealed anew with every try, so the stored bytes of the two tries differ.
        JournalEntry[] last = From(2, Turn(1), new CheckpointTaken(1, 1, "main", "0b6e5a1c-handle", 42, "hash"));
        await Store.AppendAsync(mine, first, durability, None);
        for (var attempt = 0; attempt < 3; attempt++)
        {
            await Store.AppendAsync(mine, last, durability, None);
        }

        AssertSame([.. first, .. last], (await Store.LoadAsync(Acme, mine.Conversation, None)).Entries);
        await Store.AppendAsync(mine, From(4, Turn(2)), Durability.Flushed, None);
        await ReopenAsync();
        AssertSame([.. first, .. last, .. From(4, Turn(2))], (await Store.LoadAsync(Acme, mine.Conversation, None)).Entries);
    }

    [Fact]
    public async Task Append_AtTakenPositions_ThatIsNotTheLastAppend_IsRefused()
    {
        var mine = await Store.ClaimAsync(Acme, NewId(), "silo-1", mustExist: false, None);
        JournalEntry[] first = From(1, Opened());
        JournalEntry[] last = From(2, Turn(1), Turn(2));
        await Store.AppendAsync(mine, first, Durability.Flushed, None);
        await Store.AppendAsync(mine, last, Durability.Flushed, None);

        JournalEntry[][] others =
        [
            first, last[..1], last[1..], [.. last, .. From(4, Turn(3))], From(2, Turn(1), Turn(2, "other")),
            [last[0], last[1] with { At = last[1].At.AddTicks(1) }],
        ];
        foreach (var other in others)
        {
            await Assert.ThrowsAsync<ArgumentException>(() => Store.AppendAsync(mine, other, Durability.Flushed, None));
        }

        AssertSame([.. first, .. last], (await Store.LoadAsync(Acme, mine.Conversation, None)).Entries);
    }

    [Fact]
    public async Task Append_RepeatedAfterANewerClaim_IsRefused()
    {
        var old = await Store.ClaimAsync(Acme, NewId(), "silo-1", mustExist: false, None);
        await Store.AppendAsync(old, From(1, Opened()), Durability.Flushed, None);
        var newer = await Store.ClaimAsync(Acme, old.Conversation, "silo-2", mustExist: true, None);

        await Assert.ThrowsAsync<OwnershipLostException>(() => Store.AppendAsync(old, From(1, Opened()), Durability.Flushed, None));
        await Assert.ThrowsAsync<OwnershipLostException>(() => Store.AppendAsync(old, [], Durability.Flushed, None));
        await Store.AppendAsync(newer, [], Durability.Flushed, None);
        Assert.Single((await Store.LoadAsync(Acme, old.Conversation, None)).Entries);
    }

    [Fact]
    public async Task Append_TwiceAtOnce_IsInTheJournalOnce()
    {
        var mine = await Store.ClaimAsync(Acme, NewId(), "silo-1", mustExist: false, None);
        for (var n = 1; n <= 20; n++)
        {
            var entries = From(n, Turn(n));
            await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => Task.Run(() => Store.AppendAsync(mine, entries, Durability.Written, None))));
        }

        AssertSame(From(1, [.. Enumerable.Range(1, 20).Select(n => Turn(n))]), (await Store.LoadAsync(Acme, mine.Conversation, None)).Entries);
    }

    [Fact]
    public async Task Append_GivenUpAndRepeated_IsInTheJournalOnce()
    {
        var mine = await Store.ClaimAsync(Acme, NewId(), "silo-1", mustExist: false, None);
        for (var n = 1; n <= 30; n++)
        {
            using var impatient = new CancellationTokenSource();
            var append = Store.AppendAsync(mine, From(n, Turn(n)), Durability.Flushed, impatient.Token);
            await impatient.CancelAsync();
            try
            {
                await append;
            }
            catch (OperationCanceledException)
            {
                // It may have been appended, or may still be: the owner cannot know.
            }

            await Store.AppendAsync(mine, From(n, Turn(n)), Durability.Flushed, None);
        }

        AssertSame(From(1, [.. Enumerable.Range(1, 30).Select(n => Turn(n))]), (await Store.LoadAsync(Acme, mine.Conversation, None)).Entries);
    }
}
