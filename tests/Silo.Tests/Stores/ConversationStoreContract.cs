using System.Collections.Concurrent;
using System.Text.Json;
using Orchestrator.Journal;
using static Orchestrator.Silo.Tests.Facts;

namespace Orchestrator.Silo.Tests.Stores;

/// <summary>What every <see cref="IConversationStore"/> does. One store per test; <see cref="ReopenAsync"/> restarts it on the same data.</summary>
public abstract partial class ConversationStoreContract : IAsyncLifetime
{
    protected static readonly CancellationToken None = CancellationToken.None;

    // Tests of a class may share a database; they do not share tenants.
    protected readonly TenantId Acme = new($"acme-{Guid.NewGuid():N}");
    protected readonly TenantId Other = new($"other-{Guid.NewGuid():N}");

    protected IConversationStore Store { get; set; } = null!;

    public async ValueTask InitializeAsync() => Store = await OpenAsync();

    public abstract ValueTask DisposeAsync();

    protected abstract Task<IConversationStore> OpenAsync();

    /// <summary>Closes the store as an orderly stop would, and opens it again.</summary>
    protected abstract Task ReopenAsync();

    [Fact]
    public async Task Claim_OfANewConversation_CreatesItEmpty()
    {
        var id = NewId();
        var mine = await Store.ClaimAsync(Acme, id, "silo-1", mustExist: false, None);

        Assert.Equal((Acme, id, "silo-1"), (mine.Tenant, mine.Conversation, mine.Owner));
        var journal = await Store.LoadAsync(Acme, id, None);
        Assert.Empty(journal.Entries);
        Assert.Equal(0, journal.TornBytes);
    }

    [Fact]
    public async Task Claim_ThatMustExist_OfAnUnknownConversation_IsNotFoundAndCreatesNothing()
    {
        var id = NewId();
        await Assert.ThrowsAsync<ConversationNotFoundException>(() => Store.ClaimAsync(Acme, id, "silo-1", mustExist: true, None));
        await Assert.ThrowsAsync<ConversationNotFoundException>(() => Store.LoadAsync(Acme, id, None));
        Assert.Empty(await Store.ListAsync(Acme, null, 10, None));
    }

    [Fact]
    public async Task Load_OfAnUnknownConversation_IsNotFound() =>
        await Assert.ThrowsAsync<ConversationNotFoundException>(() => Store.LoadAsync(Acme, NewId(), None));

    [Fact]
    public async Task ReadAfter_GivesWhatFollows_AndNothingElse()
    {
        var mine = await Store.ClaimAsync(Acme, NewId(), "silo-1", mustExist: false, None);
        Assert.Empty(await Store.ReadAfterAsync(Acme, mine.Conversation, 0, None));
        await Store.AppendAsync(mine, From(1, Opened(Acme), Turn(1), Turn(2)), Durability.Written, None);
        Assert.Equal([1, 2, 3], await PositionsAsync(0));
        Assert.Equal([3], await PositionsAsync(2));
        Assert.Empty(await PositionsAsync(3));
        Assert.Empty(await PositionsAsync(99));
        await Store.AppendAsync(mine, From(4, Turn(3)), Durability.Written, None);
        Assert.Equal("Hello.", ((TurnCommitted)Assert.Single(await Store.ReadAfterAsync(Acme, mine.Conversation, 3, None)).Fact).User!.Text);
        await Assert.ThrowsAsync<ConversationNotFoundException>(() => Store.ReadAfterAsync(Other, mine.Conversation, 3, None));
        await Assert.ThrowsAsync<ConversationNotFoundException>(() => Store.ReadAfterAsync(Acme, NewId(), 0, None));

        async Task<IEnumerable<long>> PositionsAsync(long after) => (await Store.ReadAfterAsync(Acme, mine.Conversation, after, None)).Select(e => e.Position);
    }

    [Theory]
    [InlineData(Durability.Written)]
    [InlineData(Durability.Flushed)]
    public async Task Append_ThenLoad_GivesTheSameFacts(Durability durability)
    {
        var mine = await Store.ClaimAsync(Acme, NewId(), "silo-1", mustExist: false, None);
        var entries = EveryFact();
        await Store.AppendAsync(mine, entries[..3], durability, None);
        await Store.AppendAsync(mine, entries[3..], durability, None);

        AssertSame(entries, (await Store.LoadAsync(Acme, mine.Conversation, None)).Entries);
        await ReopenAsync();
        AssertSame(entries, (await Store.LoadAsync(Acme, mine.Conversation, None)).Entries);
    }

    [Fact]
    public async Task Append_AfterANewerClaim_IsRefusedAndLeavesNoTrace()
    {
        var old = await Store.ClaimAsync(Acme, NewId(), "silo-1", mustExist: false, None);
        await Store.AppendAsync(old, From(1, Opened()), Durability.Flushed, None);
        var newer = await Store.ClaimAsync(Acme, old.Conversation, "silo-2", mustExist: true, None);
        Assert.True(newer.Epoch > old.Epoch);

        await Assert.ThrowsAsync<OwnershipLostException>(() => Store.AppendAsync(old, From(2, Turn(1)), Durability.Flushed, None));
        await Store.AppendAsync(newer, From(2, Turn(1, "mine")), Durability.Flushed, None);

        AssertSame([.. From(1, Opened()), .. From(2, Turn(1, "mine"))], (await Store.LoadAsync(Acme, old.Conversation, None)).Entries);
    }

    [Fact]
    public async Task Append_AfterRelease_IsRefused_AndReleaseMayBeRepeated()
    {
        var mine = await Store.ClaimAsync(Acme, NewId(), "silo-1", mustExist: false, None);
        await Store.ReleaseAsync(mine, None);
        await Store.ReleaseAsync(mine, None);
        await Assert.ThrowsAsync<OwnershipLostException>(() => Store.AppendAsync(mine, From(1, Opened()), Durability.Written, None));
    }

    [Fact]
    public async Task Release_ByAnOlderOwner_DoesNotTouchTheNewerOne()
    {
        var old = await Store.ClaimAsync(Acme, NewId(), "silo-1", mustExist: false, None);
        var newer = await Store.ClaimAsync(Acme, old.Conversation, "silo-2", mustExist: true, None);
        await Store.ReleaseAsync(old, None);
        await Store.AppendAsync(newer, From(1, Opened()), Durability.Flushed, None);
        Assert.Single((await Store.LoadAsync(Acme, old.Conversation, None)).Entries);
    }

    [Fact]
    public async Task Claim_AfterARestart_HasAHigherEpochThanEverBefore()
    {
        var id = NewId();
        long highest = 0;
        for (var i = 0; i < 3; i++)
        {
            for (var n = 0; n < 3; n++)
            {
                var epoch = (await Store.ClaimAsync(Acme, id, "silo-1", mustExist: false, None)).Epoch;
                Assert.True(epoch > highest, $"{epoch} after {highest}");
                highest = epoch;
            }

            await ReopenAsync();
        }
    }

    [Fact]
    public async Task Ownership_FromBeforeARestart_IsRefused()
    {
        var old = await Store.ClaimAsync(Acme, NewId(), "silo-1", mustExist: false, None);
        await ReopenAsync();
        await Assert.ThrowsAsync<OwnershipLostException>(() => Store.AppendAsync(old, From(1, Opened()), Durability.Written, None));
        await Store.ClaimAsync(Acme, old.Conversation, "silo-1", mustExist: true, None);
        await Assert.ThrowsAsync<OwnershipLostException>(() => Store.AppendAsync(old, From(1, Opened()), Durability.Written, None));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(4)]
    public async Task Append_AtAWrongPosition_IsRefusedWhole(long position)
    {
        var mine = await Store.ClaimAsync(Acme, NewId(), "silo-1", mustExist: false, None);
        await Store.AppendAsync(mine, From(1, Opened()), Durability.Flushed, None);
        await Assert.ThrowsAsync<ArgumentException>(() => Store.AppendAsync(mine, From(position, Turn(1)), Durability.Flushed, None));
        await Assert.ThrowsAsync<ArgumentException>(() =>
            Store.AppendAsync(mine, [.. From(2, Turn(1)), .. From(3 + position, Turn(2))], Durability.Flushed, None));
        Assert.Single((await Store.LoadAsync(Acme, mine.Conversation, None)).Entries);
    }

    [Fact]
    public async Task ConcurrentClaims_HaveDifferentEpochs_AndOnlyTheHighestMayAppend()
    {
        var id = NewId();
        var claims = await Task.WhenAll(Enumerable.Range(0, 32).Select(n =>
            Task.Run(() => Store.ClaimAsync(Acme, id, $"silo-{n}", mustExist: false, None))));
        Assert.Equal(claims.Length, claims.Select(c => c.Epoch).Distinct().Count());

        var winner = claims.MaxBy(c => c.Epoch)!;
        foreach (var loser in claims.Where(c => c != winner))
        {
            await Assert.ThrowsAsync<OwnershipLostException>(() => Store.AppendAsync(loser, From(1, Opened()), Durability.Written, None));
        }

        await Store.AppendAsync(winner, From(1, Opened()), Durability.Flushed, None);
    }

    [Fact]
    public async Task OwnersThatFightOverAConversation_NeverInterleaveTheirAppends()
    {
        var id = NewId();
        var accepted = new ConcurrentBag<string>();
        await Task.WhenAll(Enumerable.Range(0, 8).Select(n => Task.Run(async () =>
        {
            for (var round = 0; round < 10; round++)
            {
                var mine = await Store.ClaimAsync(Acme, id, $"silo-{n}", mustExist: false, None);
                var next = (await Store.LoadAsync(Acme, id, None)).Entries.Count + 1;
                var word = $"{n}/{round}";
                try
                {
                    await Store.AppendAsync(mine, From(next, Turn(next, word), new ToolCancelled(word)), Durability.Written, None);
                    accepted.Add(word);
                }
                catch (OwnershipLostException)
                {
                    // Another claim came between; nothing of this append may be in the journal.
                }
            }
        })));

        var entries = (await Store.LoadAsync(Acme, id, None)).Entries;
        var words = entries.Select(e => e.Fact switch { TurnCommitted t => t.User!.Text, ToolCancelled c => c.Id, _ => "?" }).ToList();
        Assert.Equal(accepted.Count * 2, words.Count);
        Assert.Equal(accepted.Order(StringComparer.Ordinal), words.Distinct().Order(StringComparer.Ordinal));
        Assert.All(words.Chunk(2), pair => Assert.Equal(pair[0], pair[1]));
        Assert.NotEmpty(words);
    }

    [Fact]
    public async Task Conversations_OfAnotherTenant_CannotBeSeenClaimedOrListed()
    {
        var mine = await Store.ClaimAsync(Acme, NewId(), "silo-1", mustExist: false, None);
        await Store.AppendAsync(mine, From(1, Opened()), Durability.Flushed, None);

        for (var pass = 0; pass < 2; pass++)
        {
            await Assert.ThrowsAsync<ConversationNotFoundException>(() => Store.LoadAsync(Other, mine.Conversation, None));
            await Assert.ThrowsAsync<ConversationNotFoundException>(() => Store.ClaimAsync(Other, mine.Conversation, "silo-1", mustExist: true, None));
            await Assert.ThrowsAsync<ConversationNotFoundException>(() => Store.ClaimAsync(Other, mine.Conversation, "silo-1", mustExist: false, None));
            Assert.Empty(await Store.ListAsync(Other, null, 10, None));
            await ReopenAsync();
        }

        await Store.ClaimAsync(Acme, mine.Conversation, "silo-1", mustExist: true, None);
        Assert.Single((await Store.LoadAsync(Acme, mine.Conversation, None)).Entries);
    }

    [Fact]
    public async Task AnId_ClaimedByManyTenantsAtOnce_BelongsToOneOfThem()
    {
        var id = NewId();
        var tenants = Enumerable.Range(0, 16).Select(n => new TenantId($"{Acme}-{n}")).ToList();
        var won = new ConcurrentBag<TenantId>();
        await Task.WhenAll(tenants.Select(tenant => Task.Run(async () =>
        {
            try
            {
                await Store.ClaimAsync(tenant, id, "silo-1", mustExist: false, None);
                won.Add(tenant);
            }
            catch (ConversationNotFoundException)
            {
                // It is another tenant's now.
            }
        })));
        var winner = Assert.Single(won);
        Assert.Equal([id], await Store.ListAsync(winner, null, 10, None));
    }

    [Theory]
    [InlineData("../acme")]
    [InlineData("..")]
    [InlineData("acme/../acme")]
    [InlineData("/etc")]
    [InlineData("")]
    [InlineData("a\0b")]
    [InlineData(null)]
    public async Task Tenants_WithHostileNames_DoNotExist(string? name)
    {
        var mine = await Store.ClaimAsync(Acme, NewId(), "silo-1", mustExist: false, None);
        var hostile = new TenantId(name!);
        await Assert.ThrowsAsync<ConversationNotFoundException>(() => Store.LoadAsync(hostile, mine.Conversation, None));
        await Assert.ThrowsAsync<ConversationNotFoundException>(() => Store.ClaimAsync(hostile, NewId(), "x", mustExist: false, None));
        Assert.Empty(await Store.ListAsync(hostile, null, 10, None));
    }

    [Fact]
    public async Task List_PagesNewestFirst_WithoutGapOrRepetition()
    {
        var ids = new List<ConversationId>();
        for (var i = 0; i < 23; i++)
        {
            var id = new ConversationId(Guid.CreateVersion7(Noon.AddSeconds(i)));
            ids.Add(id);
            await Store.ClaimAsync(Acme, id, "silo-1", mustExist: false, None);
        }

        var seen = new List<ConversationId>();
        ConversationId? before = null;
        while (true)
        {
            var page = await Store.ListAsync(Acme, before, 5, None);
            seen.AddRange(page);
            if (page.Count < 5)
            {
                break;
            }

            before = page[^1];
        }

        ids.Reverse();
        Assert.Equal(ids, seen);
    }

    [Fact]
    public async Task Load_WhileTheOwnerAppends_SeesWholeAppendsOnly()
    {
        var mine = await Store.ClaimAsync(Acme, NewId(), "silo-1", mustExist: false, None);
        var filler = new string('x', 5000);
        var writing = Task.Run(async () =>
        {
            for (var n = 0; n < 150; n++)
            {
                await Store.AppendAsync(mine, From(1 + n * 2, Turn(n, filler), new ToolCancelled("end")), Durability.Written, None);
            }
        }, None);
        do
        {
            var journal = await Store.LoadAsync(Acme, mine.Conversation, None);
            Assert.Equal(0, journal.Entries.Count % 2);
            Assert.Equal(0, journal.TornBytes);
        }
        while (!writing.IsCompleted);

        await writing;
        Assert.Equal(300, (await Store.LoadAsync(Acme, mine.Conversation, None)).Entries.Count);
    }

    protected static void AssertSame(IReadOnlyList<JournalEntry> expected, IReadOnlyList<JournalEntry> actual) =>
        Assert.Equal(expected.Select(Text), actual.Select(Text));

    // Records compare JsonElement by identity, so facts are compared by what they say.
    private static string Text(JournalEntry entry) => JsonSerializer.Serialize(entry);

    protected static JournalEntry[] EveryFact() => From(
        1,
        new ConversationOpened("acme", "models/x", Json("""{ "model" : "models/x",  "systemInstruction":{"parts":[{"text":"Отвечай коротко 🙂\n"}]} }""")),
        new ClientAttached(1),
        new LinkOpened(1, 1, "main", false, null),
        new CheckpointTaken(1, 1, "main", "0b6e5a1c-handle", 42, "hash"),
        Turn(1, "Привет — «мир» 🙂\u0000\u001b[2J\u202e\"\\", "line\nbreak\ttab", """{"promptTokenCount":5,"x":1e400}"""),
        new TurnAmended(1, "ещё", null, null),
        new ToolCalled(2, "call_1", "get_bill", Json("""{"account":"\u0041\ud83d\ude42"}""")),
        new ToolAnswered("call_1", "get_bill", Json("[]")),
        new ToolCancelled("call_2"),
        new InputEvicted(1, 9, 1200, 4096) { Frames = 7 },
        new LinkLost(1, "closeFrame", 1011, "Internal error encountered.", "transient"),
        new LinkOpened(2, 1, "main", true, 17),
        new ClientDetached(1, null, "gone"),
        new TurnCommitted(2, 1, 2, 3, null, null, TurnEnding.Cut, null, 2, null) { InteractionOpen = true },
        new ConversationEnded("The client said goodbye.", "client"));
}
