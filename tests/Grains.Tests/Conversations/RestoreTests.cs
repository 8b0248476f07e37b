using System.Text.Json;
using Orchestrator.Grains.Conversations;
using Orchestrator.Grains.Recovery;
using Orchestrator.Journal;
using Xunit;

namespace Orchestrator.Grains.Tests.Conversations;

/// <summary>What a journal says about a conversation that was put away, fact by fact.</summary>
public sealed class RestoreTests
{
    private static readonly ConversationRules Rules = new(ManualActivity: false, SilenceMs: 800, InitialHistory: false, ["first", "second"], "hash");

    [Theory]
    [InlineData("second", "second")]
    [InlineData("no longer configured", "first")]
    public void Endpoint_IsTheNewest_WhileItIsConfigured(string last, string expected) =>
        Assert.Equal(expected, Restored(new LinkOpened(1, 1, last, Resumed: false, null)).Endpoint);

    [Fact]
    public void Numbers_AreTheHighestThatWereEverUsed()
    {
        var state = Restored(new ClientAttached(3), new ClientAttached(2), new LinkOpened(5, 2, "first", Resumed: true, null), new LinkOpened(4, 2, "first", Resumed: true, null));
        Assert.Equal((3, 5, 2, 4L), (state.Attachments, state.Links, state.Lineage, state.Journal));
        Assert.Equal(7, Restored(new LinkLost(7, "networkLost", null, "", "transient"), new LinkLost(6, "networkLost", null, "", "transient")).Links);
        Assert.Equal(9, Restored(new LinkOpened(5, 1, "first", Resumed: false, null), new LinkLost(9, "closeFrame", 1008, "", "handleRejected")).Links);
        Assert.Equal(20, Restored(Turn(1, 10) with { OutputSeq = 20 }, Turn(2, 30) with { OutputSeq = 15 }).Media.LastOutput);
    }

    [Fact]
    public void Checkpoint_IsKept_ForAsLongAsItsSessionCanBeResumed()
    {
        Assert.Equal(new Checkpoint("h", 50, 1, 1, "second"), Restored(Taken()).Checkpoint);
        Assert.NotNull(Restored(Taken(), new LinkOpened(2, 1, "second", Resumed: true, null)).Checkpoint);
        Assert.Null(Restored(Taken(), new LinkOpened(2, 2, "second", Resumed: false, null)).Checkpoint);
        Assert.NotNull(Restored(Taken(), new LinkLost(1, "closeFrame", 1011, "", "transient")).Checkpoint);
        Assert.Null(Restored(Taken(), new LinkLost(1, "closeFrame", 1008, "", "handleRejected")).Checkpoint);
        Assert.Null(Restored(Taken() with { SetupHash = "another" }).Checkpoint);
        Assert.Null(Restored(Taken() with { Endpoint = "no longer configured" }).Checkpoint);
    }

    [Fact]
    public void Checkpoint_KnowsNothingOfASettledTurnThatAnsweredNothingAfterIt()
    {
        Assert.NotNull(Restored(Taken(), Turn(1, 51)).Checkpoint);
        Assert.Null(Restored(Taken(), Turn(1, 50)).Checkpoint);
        Assert.NotNull(Restored(Taken(), Turn(1, 50) with { Ending = TurnEnding.Cut }).Checkpoint);
    }

    [Fact]
    public void Input_IsNumberedOnBehindAllThatIsKnown()
    {
        var ahead = Restored(Turn(1, 40), Taken());
        Assert.Equal((50, 50, 40), (ahead.Media.LastInput, ahead.Media.SentTo, ahead.Media.LastMeaningful));
        var behind = Restored(Taken(), Turn(1, 70));
        Assert.Equal((70, 70, 70), (behind.Media.LastInput, behind.Media.SentTo, behind.Media.LastMeaningful));
    }

    [Fact]
    public void Turns_AreSettled_UnlessTheyWereCutOrGoOn()
    {
        Assert.Equal(1, Restored(Turn(1, 10)).Settled);
        Assert.Equal(1, Restored(Turn(1, 10) with { Ending = TurnEnding.Interrupted }).Settled);
        Assert.Equal(0, Restored(Turn(1, 10) with { Ending = TurnEnding.Cut }).Settled);
        Assert.Equal(1, Restored(Turn(1, 10) with { Ending = TurnEnding.Cut, Continues = true }).Settled);
        Assert.Equal(0, Restored(Turn(1, 10) with { InteractionOpen = true }).Settled);
        Assert.Equal((2, 10L), (Restored(Turn(2, 10)).Turns, Restored(Turn(2, 10)).CommittedTo));
    }

    [Fact]
    public void History_OfAnInteraction_IsOpenUntilATurnSettlesIt()
    {
        var open = Turn(1, 0) with { InteractionOpen = true };
        Assert.Equal(["user1 open", "model1 open"], Said(Restored(open)));
        Assert.Equal(["user1 open", "model1 open", "user2", "model2 cut"], Said(Restored(open, Turn(2, 0) with { Ending = TurnEnding.Cut, InteractionOpen = true })));
        Assert.Equal(["user1", "model1", "user2", "model2"], Said(Restored(open, Turn(2, 10))));
    }

    [Fact]
    public void History_OfWhoSaidNothing_IsEmpty_AndOfWhoWasNotTranscribed_ANote()
    {
        Assert.Empty(Restored(Turn(1, 10) with { User = null, Model = null }).History);
        var note = Assert.Single(Restored(Turn(1, 10) with { User = new Utterance("", 0, 900, 900), Model = null }).History);
        Assert.Equal((SpokenText.Untranscribed, true, false), (note.Text, note.IsNote, note.IsOpen));
        Assert.Contains("not transcribed", note.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void History_TakesLateWords_OfEitherSide()
    {
        Assert.Equal(["user1 late", "model1"], Said(Restored(Turn(1, 10), new TurnAmended(1, " late", null, null))));
        Assert.Equal(["user1", "model1 too"], Said(Restored(Turn(1, 10), new TurnAmended(1, null, " too", null))));
    }

    [Fact]
    public void GivenContent_KeepsWhoSaidIt() => Assert.Equal(
        [new(1, Speaker.User, "I am Ada."), new(1, Speaker.Model, "Hello Ada.")],
        Restored(new ContentGiven(1, 1, "user", "I am Ada."), new ContentGiven(2, 1, "model", "Hello Ada.")).Given);

    [Fact]
    public void Calls_AreSettledWithTheirTurn_NotWithACutOne()
    {
        var called = new ToolCalled(1, "c1", "f", JsonElement.Parse("{}"));
        Assert.False(Assert.Single(Restored(called, Turn(1, 0) with { Ending = TurnEnding.Cut }).Tools.All).IsSettled);
        Assert.True(Assert.Single(Restored(called, Turn(1, 10)).Tools.All).IsSettled);
    }

    [Fact]
    public void Result_IsSeen_WhenTheModelSaidSomethingAfterIt()
    {
        ConversationFact[] answered = [new ToolCalled(1, "c1", "f", default), new ToolAnswered("c1", "f", JsonElement.Parse("{}"))];
        Assert.True(Assert.Single(Restored([.. answered, Turn(1, 10)]).Tools.All).IsSeen);
        Assert.False(Assert.Single(Restored([.. answered, Turn(1, 10) with { Model = null }]).Tools.All).IsSeen);
        Assert.False(Assert.Single(Restored(answered[0], Turn(1, 10)).Tools.All).IsSeen);
    }

    [Fact]
    public void End_IsRemembered() => Assert.True(Restored(new ConversationEnded("Bye.", "client")).Ended);

    private static ConversationState Restored(params ConversationFact[] facts) =>
        ConversationHistory.Restore(Rules, [.. facts.Select((fact, i) => new JournalEntry(i + 1, DateTimeOffset.UnixEpoch, fact))]);

    private static IEnumerable<string> Said(ConversationState state) =>
        state.History.Select(said => said.Text + (said.IsOpen ? " open" : "") + (said.Cut ? " cut" : ""));

    private static CheckpointTaken Taken() => new(1, 1, "second", "h", 50, "hash");

    private static TurnCommitted Turn(int number, long inputTo) => new(
        number, 1, inputTo, 3, new Utterance("user" + number, 100, 200, 100), new Utterance("model" + number, 300, 500, 200), TurnEnding.Completed, 100, 1, null);
}
