using System.Collections.Immutable;
using Orchestrator.Grains.Conversations;
using Orchestrator.Grains.Recovery;
using Orchestrator.Grains.Tools;
using Xunit;

namespace Orchestrator.Grains.Tests.Recovery;

/// <summary>What a new upstream session is told.</summary>
public sealed class SeedTests
{
    [Fact]
    public void SettledTurns_AreTold_OldestFirst_WordForWord() =>
        Assert.Equal(["user: one", "model: two", "user: three", "model: four"], Told(State([User(1, "one"), Model(1, "two"), User(2, "three"), Model(2, "four")])));

    [Fact]
    public void CutReplies_AndTurnsThatAreNotOver_AreLeftOut_BecauseTheyAreGivenAnew()
    {
        var state = State([User(1, "one"), Model(1, "two"), Model(2, "half of a re") with { Cut = true }, User(3, "open") with { IsOpen = true }, Model(3, "not over") with { IsOpen = true }]);
        Assert.Equal(["user: one", "model: two"], Told(state));
    }

    [Fact]
    public void GivenContent_StandsBeforeTheTurnThatItPrecedes()
    {
        var state = State([User(1, "one"), Model(1, "two"), User(2, "three"), Model(2, "four")]) with { Given = [User(1, "I am Ada."), Model(2, "I like tea.")] };
        Assert.Equal(["user: I am Ada.", "user: one", "model: two", "model: I like tea.", "user: three", "model: four"], Told(state));
    }

    [Fact]
    public void GivenContent_OfTheTurnThatIsReplayed_IsLeftToTheReplay()
    {
        var state = State([User(1, "one"), Model(1, "two")]) with { Given = [User(1, "settled"), User(2, "replayed")] };
        Assert.Equal(["user: settled", "user: one", "model: two"], Told(state));
    }

    [Fact]
    public void SpeechWithoutTranscript_IsToldAsANote() =>
        Assert.Equal([$"user: {SpokenText.Untranscribed}", "model: two"], Told(State([User(1, SpokenText.Untranscribed) with { IsNote = true }, Model(1, "two")])));

    [Fact]
    public void Budget_IsKeptToTheCharacter_AndWhatIsBeyondBecomesADigest()
    {
        // Ten tokens are forty characters.
        var history = ImmutableList.Create(User(1, new('a', 10)), Model(1, new('b', 10)), User(2, new('c', 20)), Model(2, new('d', 10)));
        Assert.Equal(3, Told(State(history.RemoveAt(0)), budget: 10).Count(text => !text.Contains("shortened", StringComparison.Ordinal)));
        var told = Told(State(history), budget: 10);
        Assert.Equal(4, told.Count);
        Assert.StartsWith("user: [system note: the conversation so far, shortened. ", told[0], StringComparison.Ordinal);
        Assert.Equal([$"model: {new string('b', 10)}", $"user: {new string('c', 20)}", $"model: {new string('d', 10)}"], told.Skip(1));
    }

    [Fact]
    public void Digest_TellsTheNewestFirstOfWhatItCan_AndCountsTheRest()
    {
        // A quarter of the budget is the digest's: twenty characters, room for one line.
        var state = State([User(1, "first words"), Model(1, "second words"), User(2, "third words"), Model(2, new('x', 80))]);
        Assert.Equal("user: [system note: the conversation so far, shortened. 2 earlier messages are left out; user: third words]", Told(state, budget: 20)[0]);
    }

    [Fact]
    public void Digest_CutsLongMessages()
    {
        var state = State([Model(1, new('m', 200)), User(2, new('x', 3_900))]);
        Assert.Contains($"shortened. you: {new string('m', 80)}…]", Told(state, budget: 1_000)[0], StringComparison.Ordinal);
    }

    [Fact]
    public void Calls_StandBetweenTheirQuestionAndItsAnswer_InTheirOrder()
    {
        var state = State([User(1, "one"), Model(1, "two"), User(2, "three"), Model(2, "four")]) with { Tools = ToolBook.Empty.Add(Call("b", 2)).Add(Call("a", 1)).Add(Call("c", 2)) };
        Assert.Equal(["one", "a", "two", "three", "b", "c", "four"], Names(state));
        Assert.Equal(["one", "two", "c", "x"], Names(State([User(1, "one"), Model(1, "two")]) with { Tools = ToolBook.Empty.Add(Call("c", 2)), Given = [User(1, "x") with { Turn = 2 }], Turns = 2 }));
        Assert.Equal(["one", "a", "three"], Names(State([User(1, "one"), User(2, "three")]) with { Tools = ToolBook.Empty.Add(Call("a", 1)) }));

        static IEnumerable<string> Names(ConversationState state) => Told(state).Select(text => text.Contains("you called ", StringComparison.Ordinal) ? text.Split("you called ")[1][..1] : text[(text.IndexOf(' ', StringComparison.Ordinal) + 1)..]);
        static BookedCall Call(string name, int turn) => new(name, name, default, turn) { IsSettled = true, Status = CallStatus.Unknown };
    }

    [Fact]
    public void GivenContent_BehindTheLastWords_IsTold_UpToTheLastTurn() =>
        Assert.Equal(["user: one", "user: given"], Told(State([User(1, "one")]) with { Turns = 2, Given = [User(2, "given"), User(3, "to be replayed")] }));

    [Fact]
    public void Digest_FillsItsShareToTheCharacter_LineByLine()
    {
        // "user: aaaa" and "you: bbbbb" are ten characters each, a quarter of eighty is twenty.
        var state = State([User(1, new('a', 4)), Model(1, new('b', 5)), User(2, new('x', 80))]);
        Assert.Contains("shortened. user: aaaa / you: bbbbb]", Told(state, budget: 20)[0], StringComparison.Ordinal);
        // What does not fit ends it: nothing older is told over its head.
        var gap = State([User(1, "a"), Model(1, new('b', 30)), User(2, "c"), Model(2, new('x', 80))]);
        Assert.Contains("shortened. 2 earlier messages are left out; user: c]", Told(gap, budget: 20)[0], StringComparison.Ordinal);
        var whole = State([Model(1, new('m', 80)), User(2, new('x', 3_950))]);
        Assert.Contains($"shortened. you: {new string('m', 80)}]", Told(whole, budget: 1_000)[0], StringComparison.Ordinal);
    }

    [Fact]
    public void Model_ThatAnswersItsHistory_IsToldToSayOneWord()
    {
        var state = State([User(1, "one"), Model(1, "two")]);
        state = state with { Rules = state.Rules with { Model = state.Rules.Model with { SeedEndsWithUser = true } } };
        Assert.StartsWith("user: [system note: the connection was renewed.", Told(state)[^1], StringComparison.Ordinal);
        Assert.Equal(3, Told(state).Count);
    }

    [Fact]
    public void Tokens_AreAQuarterOfTheCharacters() => Assert.Equal(5, Seed.Tokens([User(1, "twelve chars"), Model(1, "nine char")]));

    private static IReadOnlyList<string> Told(ConversationState state, int budget = 8_000) =>
        [.. Seed.Compose(state, budget).Select(said => $"{(said.Speaker == Speaker.User ? "user" : "model")}: {said.Text}")];

    private static SpokenText User(int turn, string text) => new(turn, Speaker.User, text);

    private static SpokenText Model(int turn, string text) => new(turn, Speaker.Model, text);

    private static ConversationState State(ImmutableList<SpokenText> history) => new()
    {
        Rules = new ConversationRules(ManualActivity: false, SilenceMs: 800, InitialHistory: false, ["primary"], "hash"),
        History = history,
        Turns = history.Max(said => said.Turn),
    };
}
