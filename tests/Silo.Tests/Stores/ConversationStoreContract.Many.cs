using System.Globalization;
using System.Text.Json;
using Orchestrator.Journal;
using static Orchestrator.Silo.Tests.Facts;

namespace Orchestrator.Silo.Tests.Stores;

/// <summary>Many conversations at once, long ones, and what strange clients put into them.</summary>
public abstract partial class ConversationStoreContract
{
    [Fact]
    public async Task Appends_OfManyConversations_StandAndFallOnTheirOwn()
    {
        // Every third has lost its owner, every fifth appends at a wrong position: the others must not notice.
        var claims = await Task.WhenAll(Enumerable.Range(0, 120).Select(_ => Store.ClaimAsync(Acme, NewId(), "silo-1", mustExist: false, None)));
        await Task.WhenAll(claims.Select(c => Store.AppendAsync(c, From(1, Opened()), Durability.Written, None)));
        await Task.WhenAll(claims.Where((_, i) => i % 3 == 0).Select(c => Store.ClaimAsync(Acme, c.Conversation, "silo-2", mustExist: true, None)));

        var outcomes = await Task.WhenAll(claims.Select(async (claim, i) =>
        {
            var failure = await Record.ExceptionAsync(() => Store.AppendAsync(claim, From(i % 5 == 0 ? 7 : 2, Turn(i), new ToolCancelled("x")), Durability.Flushed, None));
            return (Index: i, Failure: failure);
        }));

        Assert.All(outcomes, o => Assert.IsType(o.Index % 3 == 0 ? typeof(OwnershipLostException) : o.Index % 5 == 0 ? typeof(ArgumentException) : typeof(Success), o.Failure ?? new Success()));
        foreach (var (index, failure) in outcomes)
        {
            Assert.Equal(failure is null ? 3 : 1, (await Store.LoadAsync(Acme, claims[index].Conversation, None)).Entries.Count);
        }
    }

    [Fact]
    public async Task Claim_BySomeoneWhoOwnsItAlready_EndsTheEarlierOwnership()
    {
        var first = await Store.ClaimAsync(Acme, NewId(), "silo-1", mustExist: false, None);
        var second = await Store.ClaimAsync(Acme, first.Conversation, "silo-1", mustExist: true, None);
        await Assert.ThrowsAsync<OwnershipLostException>(() => Store.AppendAsync(first, From(1, Opened()), Durability.Flushed, None));
        await Store.AppendAsync(second, From(1, Opened()), Durability.Flushed, None);
    }

    [Fact]
    public async Task Ids_OfAnyKind_AreKeptApartAndListedInTheirOrder()
    {
        string[] texts =
        [
            "00000000000000000000000000000000", "0000000000000000000000000000000f", "3f2504e04f8941d39a0c0305e82c3301", "7fffffffffffffffffffffffffffffff",
            "80000000000000000000000000000000", "ffffffffffffffffffffffffffffffff",
        ];
        foreach (var text in texts)
        {
            Assert.True(ConversationId.TryParse(text, out var id));
            await Store.AppendAsync(await Store.ClaimAsync(Acme, id, "silo-1", mustExist: false, None), From(1, Turn(1, text)), Durability.Flushed, None);
        }

        Assert.Equal(texts.Reverse(), (await Store.ListAsync(Acme, null, 10, None)).Select(id => id.ToString()));
        Assert.Equal(texts.Take(2).Reverse(), (await Store.ListAsync(Acme, new ConversationId(Guid.ParseExact(texts[2], "N")), 10, None)).Select(id => id.ToString()));
    }

    [Theory]
    [InlineData("""{"zero":"a\u0000b","escape":"\\u0000"}""")]
    [InlineData("""{"half":"\ud800","other":"x\udfffy"}""")]
    [InlineData("""{"\u0000":{"\ud83d\ude42":1e400,"n":-0.0,"a":[null,true,[]]}}""")]
    [InlineData("""{"quote":"'; drop table facts; --","copy":"\\.","percent":"%s $1 {0}"}""")]
    [InlineData("""{"twice":1,"twice":2}""")]
    public async Task Append_OfWhateverAClientSays_IsReadBack(string json)
    {
        var mine = await Store.ClaimAsync(Acme, NewId(), "silo-1", mustExist: false, None);
        await Store.AppendAsync(mine, From(1, new ToolCalled(1, "call", "name\u0000", Json(json))), Durability.Flushed, None);
        await ReopenAsync();

        var called = Assert.IsType<ToolCalled>(Assert.Single((await Store.LoadAsync(Acme, mine.Conversation, None)).Entries).Fact);
        Assert.Equal("name\u0000", called.Name);
        // A lone surrogate can only be compared as it was spelled.
        Assert.True(json == called.Args.GetRawText() || JsonElement.DeepEquals(Json(json), called.Args), called.Args.GetRawText());
    }

    [Fact]
    public async Task Append_OfALargeJournal_IsReadBackWhole()
    {
        // The longer form, a million facts: see docs/testing.md.
        var count = int.Parse(Environment.GetEnvironmentVariable("ORCHESTRATOR_STORE_FACTS") ?? "20000", CultureInfo.InvariantCulture);
        var mine = await Store.ClaimAsync(Acme, NewId(), "silo-1", mustExist: false, None);
        var long1 = new string('я', 200_000);
        await Store.AppendAsync(mine, From(1, Opened(), Turn(1, long1)), Durability.Written, None);
        foreach (var numbers in Enumerable.Range(3, count - 2).Chunk(500))
        {
            await Store.AppendAsync(mine, From(numbers[0], [.. numbers.Select(n => Turn(n))]), Durability.Written, None);
        }

        await Store.AppendAsync(mine, [], Durability.Flushed, None);
        await ReopenAsync();
        await Store.ClaimAsync(Acme, mine.Conversation, "silo-1", mustExist: true, None);
        var entries = (await Store.LoadAsync(Acme, mine.Conversation, None)).Entries;
        Assert.Equal(count, entries.Count);
        Assert.Equal(Enumerable.Range(1, count), entries.Select(e => (int)e.Position));
        Assert.Equal(long1, ((TurnCommitted)entries[1].Fact).User!.Text);
        Assert.Equal(count, ((TurnCommitted)entries[^1].Fact).Turn);
    }

    /// <summary>Nothing failed.</summary>
    private sealed class Success : Exception;
}
