using System.Text.Json;
using Gemini.Live.Scanning;
using Orchestrator.Attach;
using Orchestrator.Grains.Conversations;
using Orchestrator.Grains.Recovery;
using Orchestrator.Grains.Tests.Conversations;
using Orchestrator.Grains.Turns;
using Orchestrator.Journal;
using Xunit;

namespace Orchestrator.Grains.Tests.Recovery;

/// <summary>The guards that wait for something that upstream owes: for how long, and what is counted when it does not come.</summary>
public sealed class WatchTests
{
    [Fact]
    public void Stall_IsSixSeconds_FromTheLastSignOfWork()
    {
        // The question is over after 800 ms of silence.
        var s = Asked();
        Assert.Equal(2_400 + 6_000, s.All.OfType<Effect.ArmDeadline>().Last(armed => armed.Kind == DeadlineKind.Stall).AtMs);
        s.After(500).Transcribed("!");
        Assert.Equal(s.Now + 6_000, Armed(s, DeadlineKind.Stall));
        Assert.Null(Armed(s.Server(ServerParts.ServerContent), DeadlineKind.Stall));
        s.Elapsed();
        Assert.Equal(s.Now + 6_000, Armed(s, DeadlineKind.Stall));
        Assert.Equal(["stalled", "nudged"], Counts(s));
    }

    [Fact]
    public void Stall_BeginsAnew_WithTheNextTurn()
    {
        var s = Asked().Elapsed();
        Assert.True(s.State.Stall.Nudged);
        s.Spoken(40, "Yes.").GenerationComplete().TurnComplete();
        Assert.Equal(StallWatch.None, s.State.Stall);
        Asked(s).Elapsed();
        Assert.Equal(["stalled", "nudged"], Counts(s));
    }

    [Fact]
    public void Stall_WhileInputIsOnItsWay_IsWatchedOn()
    {
        var s = Asked();
        s.State.Media.SentTo = s.State.Media.LastMeaningful - 1;
        s.Elapsed();
        Assert.Equal(s.Now + 6_000, Armed(s, DeadlineKind.Stall));
        Assert.Empty(Counts(s));
    }

    [Theory]
    [InlineData(2, true)]
    [InlineData(3, false)]
    public void Climb_LeavesTheLastLossToTheNetwork(int losses, bool climbs)
    {
        var s = Asked().Elapsed();
        s.State = s.State with { LossesOnTurn = losses };
        Assert.Equal(climbs, s.Elapsed().State.Link is LinkState.Rotating);
        Assert.Equal(climbs ? losses + 1 : losses, s.State.LossesOnTurn);
    }

    [Theory]
    [InlineData(0, 0, true)]
    [InlineData(1, 0, false)]
    [InlineData(0, 1, false)]
    public void Climb_ResumesOnce_AndNotAfterALoss(int losses, int climbs, bool resumes)
    {
        var s = Asked(Scenario.Live().WholeTurn()).Elapsed();
        s.State = s.State with { LossesOnTurn = losses, Stall = s.State.Stall with { Climbs = climbs } };
        var next = Assert.IsType<LinkState.Rotating>(s.Elapsed().State.Link).Next;
        Assert.Equal(resumes, next is ResumePlan.Resume);
    }

    [Fact]
    public void EmptyTurn_IsCounted_PaidFor_AndOwedAHandle()
    {
        var s = Asked(Scenario.Live().WholeTurn()).Server(ServerParts.ServerContent | ServerParts.ModelThought);
        var owed = ((LinkState.Live)s.State.Link).HandlesOwed.Count;
        s.Apply(new ConversationInput.LinkMessage(s.Link, new ServerNotice(ServerParts.ServerContent | ServerParts.TurnComplete) { Usage = JsonElement.Parse("{}") }));
        Assert.Equal(["emptyTurn", "nudged"], Counts(s));
        Assert.Single(s.Facts.OfType<TurnAmended>());
        Assert.Equal(owed + 1, ((LinkState.Live)s.State.Link).HandlesOwed.Count);
    }

    [Fact]
    public void EmptyTurn_BehindAReplay_IsWatchedOn()
    {
        var s = Scenario.Live().Audio(600).Audio(1_000, voiced: false).Audio(600).Audio(1_000, voiced: false).Lost().Ready().Flushed(3_200);
        s.Transcribed("one").After(1_000).TurnComplete();
        Assert.Equal(s.Now + 6_000, Armed(s, DeadlineKind.Stall));
    }

    [Fact]
    public void SessionThatWasOnlyToldTheQuestion_IsReminded()
    {
        var s = Scenario.Live().WholeTurn();
        s.State = s.State with { Draft = s.State.Draft with { IsOwed = true }, Turn = new TurnState.AwaitingModel(s.Now) };
        s.Lost().Ready();
        Assert.Contains(s.Last, effect => effect is Effect.Count { What: "nudged" });
    }

    [Fact]
    public void Interaction_IsWaitedForHalfAMinute_AfterItsLastFrame()
    {
        var s = Asked().Spoken(40, "One moment.").TurnComplete(ServerParts.InteractionInProgress);
        Assert.Equal(s.Now + 30_000, Armed(s, DeadlineKind.Interaction));
        s.After(400).Server(ServerParts.ServerContent);
        Assert.Equal(s.Now + 30_000, Armed(s, DeadlineKind.Interaction));
        Assert.Null(Armed(s.Apply(new ConversationInput.JournalCommitted(1)), DeadlineKind.Interaction));
        s.After(30_000).Elapse(DeadlineKind.Interaction);
        Assert.Contains("interactionNotEnded", Counts(s));
        Assert.Equal(GatewayFrames.InteractionOver, s.Expect<Effect.SendToClient>().Frame);
        s.ExpectTurn<TurnState.Idle>();
    }

    [Fact]
    public void Interaction_ThatTheUserSpokeInto_IsOverWithoutAnEnd()
    {
        var s = Asked().Spoken(40, "One moment.").TurnComplete(ServerParts.InteractionInProgress);
        s.State.Media.VoicedMs = 200;
        s.Elapse(DeadlineKind.Interaction).ExpectNo<Effect.SendToClient>();
        Assert.False(s.State.InteractionOpen);
    }

    [Fact]
    public void RestThatIsNotGiven_IsCounted_AndTheEarlyEndPaidFor()
    {
        var s = Asked(Scenario.Live().WholeTurn()).Spoken(400, "The answer is");
        var owed = ((LinkState.Live)s.State.Link).HandlesOwed.Count;
        s.Apply(new ConversationInput.LinkMessage(s.Link, new ServerNotice(ServerParts.ServerContent | ServerParts.TurnComplete) { Usage = JsonElement.Parse("{}") }));
        Assert.Contains("earlyTurnEnd", Counts(s));
        Assert.Single(s.Facts.OfType<TurnAmended>());
        Assert.Equal(owed + 1, ((LinkState.Live)s.State.Link).HandlesOwed.Count);
        s.Audio(20, voiced: false).Client(InputTraits.Video).Client(InputTraits.AudioStreamEnd);
        Assert.Single(s.Commits);
        Assert.Contains("restNotGiven", Counts(s.Elapsed()));
    }

    [Fact]
    public void SwallowedPair_IsOwedAHandle_AndTheReplyGivenTimeToGoOn()
    {
        var s = Asked().Spoken(400, "The answer").After(700).Interrupted();
        var owed = ((LinkState.Live)s.State.Link).HandlesOwed.Count;
        s.TurnComplete();
        Assert.Equal(owed + 1, ((LinkState.Live)s.State.Link).HandlesOwed.Count);
        Assert.Equal(s.Now + 1_500, Armed(s, DeadlineKind.Swallowed));
        s.After(1_500).Elapse(DeadlineKind.Swallowed);
        Assert.Equal(["replyDidNotGoOn", "checkpointNotAtBoundary"], Counts(s));
        Assert.Single(s.Commits);
    }

    [Fact]
    public void SwallowedPair_OfAReplyThatIsStillPlayed_WaitsForItsEnd()
    {
        var s = Asked().Spoken(4_000, "The answer.").GenerationComplete().After(700).Interrupted().TurnComplete();
        Assert.Equal(s.Now - 700 + 4_000 + 1_500, Armed(s, DeadlineKind.Swallowed));
    }

    private static Scenario Asked(Scenario? s = null) => (s ?? Scenario.Live()).Audio(600).Transcribed("question").Audio(1_000, voiced: false);

    private static long? Armed(Scenario s, DeadlineKind kind) => s.Last.OfType<Effect.ArmDeadline>().LastOrDefault(armed => armed.Kind == kind)?.AtMs;

    private static IEnumerable<string> Counts(Scenario s) => s.Last.OfType<Effect.Count>().Select(count => count.What);
}
