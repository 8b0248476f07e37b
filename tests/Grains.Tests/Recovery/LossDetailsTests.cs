using Gemini.Live.Closes;
using Gemini.Live.Links;
using Gemini.Live.Scanning;
using Orchestrator.Attach;
using Orchestrator.Grains.Conversations;
using Orchestrator.Grains.Recovery;
using Orchestrator.Grains.Tests.Conversations;
using Orchestrator.Grains.Tests.Tools;
using Orchestrator.Grains.Turns;
using Orchestrator.Journal;
using Xunit;

namespace Orchestrator.Grains.Tests.Recovery;

/// <summary>What a lost or replaced link changes about the turn, the handle and the suspicion.</summary>
public sealed class LossDetailsTests
{
    [Fact]
    public void Loss_DuringTheHold_ForgetsIt()
    {
        foreach (var end in (ReadOnlySpan<Action<Scenario>>)[s => s.Lost(), s => s.Apply(new ConversationInput.OwnershipLost()), s => s.Apply(new ConversationInput.EndRequested("Bye.", "client"))])
        {
            var s = Scenario.Live().Audio(600).Audio(1_000, voiced: false).Spoken(40).GenerationComplete().TurnComplete();
            Assert.NotNull(s.State.Hold);
            end(s);
            Assert.Null(s.State.Hold);
            Assert.DoesNotContain(DeadlineKind.CheckpointHold, s.State.Armed.Keys);
        }
    }

    [Theory]
    [InlineData(LinkLossKind.DialFailed, 1)]
    [InlineData(LinkLossKind.DialRefused, 1)]
    [InlineData(LinkLossKind.CircuitOpen, 1)]
    [InlineData(LinkLossKind.NetworkLost, 0)]
    public void Dial_ThatFails_HasNotShownTheHandle(LinkLossKind kind, int dials)
    {
        var s = Scenario.Live().WholeTurn().Lost();
        s.Lost(kind: kind);
        Assert.Equal((dials, 1 - dials), (s.State.Episode!.DialFailures, s.State.Episode.ResumeTries));
    }

    [Fact]
    public void ClosedInteraction_IsNotOpenForWhoComesBack()
    {
        var s = Scenario.Live().Audio(600).Transcribed("question").Spoken(40, "One moment.").TurnComplete(ServerParts.InteractionInProgress).Detach(1000);
        Assert.False(s.State.InteractionOpen);
    }

    [Fact]
    public void WholeReply_IsComplete_EvenInAnInteractionThatGoesOn()
    {
        var s = Scenario.Live().Audio(600).Transcribed("question").Spoken(40, "One moment.").TurnComplete(ServerParts.InteractionInProgress);
        s.Spoken(40, "Nearly.").GenerationComplete().Lost();
        Assert.Equal(GatewayFrames.TurnOfMany, s.Expect<Effect.SendToClient>().Frame);
        Assert.Equal(GatewayFrames.TurnComplete, Scenario.Live().Audio(600).Spoken(40, "All.").GenerationComplete().Lost().Expect<Effect.SendToClient>().Frame);
    }

    [Fact]
    public void WholeReply_OfAModelThatSaysWhenItsWorkIsDone_MayOnlyAnnounceTheAnswer()
    {
        var s = StatusEndsWork().Client(InputTraits.Text, text: "question").After(400).Spoken(40, "One moment.").GenerationComplete().Lost();
        Assert.Equal((TurnEnding.Completed, 1, false), (Assert.Single(s.Commits).Ending, s.Commits[0].InputTo, s.Commits[0].InteractionOpen));
        Assert.Equal(GatewayFrames.TurnOfMany, s.Expect<Effect.SendToClient>().Frame);
        Assert.Contains("go on now", Assert.Single(s.Ready().Last.Told()), StringComparison.Ordinal);

        s.After(400).Spoken(40, "It is so.").GenerationComplete().TurnComplete(ServerParts.InteractionIdle);
        Assert.Equal((TurnEnding.Completed, false), (s.Commits[1].Ending, s.Commits[1].InteractionOpen));
        s.ExpectTurn<TurnState.Idle>();
    }

    [Fact]
    public void AnnouncedAnswer_ThatNeverComes_IsOver()
    {
        var s = StatusEndsWork().Client(InputTraits.Text, text: "question").After(400).Spoken(40, "All of it.").GenerationComplete().Lost().Ready();
        s.After(6_000).Elapse(DeadlineKind.Stall);
        Assert.Equal(GatewayFrames.InteractionOver, s.Expect<Effect.SendToClient>().Frame);
        s.ExpectTurn<TurnState.Idle>();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void AnnouncedAnswer_ThatIsLost_IsAskedForAgain_UnlessItWasGeneratedWhole(bool whole)
    {
        var s = StatusEndsWork().Client(InputTraits.Text, text: "question").After(400).Spoken(40, "One moment.").GenerationComplete().Lost().Ready();
        s.After(400).Spoken(40, "It is ");
        if (whole)
        {
            s.GenerationComplete().Lost();
            Assert.Equal(GatewayFrames.InteractionOver, s.Expect<Effect.SendToClient>().Frame);
        }
        else
        {
            s.Lost();
        }

        Assert.Equal(whole ? 0 : 1, s.Ready().Last.Told().Length);
    }

    [Fact]
    public void AnnouncedAnswer_OfWhichOnlyAPartCame_IsStillOwed()
    {
        var s = StatusEndsWork().Client(InputTraits.Text, text: "question").After(400).Spoken(40, "One moment.").GenerationComplete().Lost().Ready();
        s.After(400).Spoken(40, "I am at it.").GenerationComplete().TurnComplete(ServerParts.InteractionInProgress).Lost();
        Assert.Single(s.Ready().Last.Told());
    }

    [Fact]
    public void AnnouncedAnswer_IsAskedFor_ThroughNoise()
    {
        var s = StatusEndsWork().Audio(2_000).Spoken(40, "One moment.").Audio(200).GenerationComplete().Lost();
        Assert.Contains("go on now", Assert.Single(s.Ready().Last.Told()), StringComparison.Ordinal);
    }

    [Fact]
    public void AnnouncedAnswer_IsAskedFor_ThroughNoiseThatBeganWithTheQuestion_AndIsOverWhenItNeverComes()
    {
        var s = StatusEndsWork().Client(InputTraits.Text, text: "question").Audio(100).Spoken(40, "All of it.").GenerationComplete().Audio(1_000).Lost();
        Assert.Empty(s.Ready().Last.Told());
        s.Audio(6_000).Elapse(DeadlineKind.Stall);
        Assert.Contains("go on now", Assert.Single(s.Last.Told()), StringComparison.Ordinal);
        s.ExpectNo<Effect.SendToClient>();

        s.Audio(6_000).Elapse(DeadlineKind.Stall);
        Assert.Equal(GatewayFrames.InteractionOver, s.Expect<Effect.SendToClient>().Frame);
        Assert.DoesNotContain(DeadlineKind.Stall, s.State.Armed.Keys);
    }

    [Fact]
    public void AnnouncedAnswer_IsNotAskedFor_WhileTheUserIsTranscribed()
    {
        var s = StatusEndsWork().Client(InputTraits.Text, text: "question").Audio(100).Spoken(40, "All of it.").GenerationComplete().Audio(1_000).Lost().Ready();
        s.Audio(3_000).Transcribed("and").Audio(3_000);
        Assert.DoesNotContain(DeadlineKind.Stall, s.State.Armed.Keys);
    }

    [Fact]
    public void AnnouncedAnswer_IsNotAskedFor_WhenTheUserHasGoneOn()
    {
        var s = StatusEndsWork().Client(InputTraits.Text, text: "question").After(400).Spoken(40, "One moment.").GenerationComplete();
        s.Client(InputTraits.Text, text: "forget it").Lost();
        Assert.Empty(s.Ready().Last.Told());
    }

    [Fact]
    public void CutReply_InAnInteraction_EndsAsAnyOther()
    {
        var s = Scenario.Live().Audio(600).Transcribed("question").Spoken(40, "One moment.").TurnComplete(ServerParts.InteractionInProgress);
        s.Spoken(40, "Near").Lost();
        Assert.Equal([GatewayFrames.Interrupted, GatewayFrames.TurnComplete], s.Last.OfType<Effect.SendToClient>().Select(sent => sent.Frame));
    }

    [Fact]
    public void Reply_OfWhichNothingWasHeard_BeginsAnewUnnoticed_OneThatWasGeneratedWholeIsWrittenDown()
    {
        Scenario.Live().Audio(600).Server(ServerParts.ServerContent | ServerParts.ModelThought).Lost().ExpectNo<Effect.SendToClient>();
        Assert.Single(Scenario.Live().Audio(600).Spoken(40).Lost().Commits);
        Assert.Single(Scenario.Live().Audio(600).Server(ServerParts.ServerContent | ServerParts.OutputTranscription, output: "text").Lost().Commits);
        Assert.Single(Scenario.Live().Audio(600).Server(ServerParts.ServerContent | ServerParts.ModelText).GenerationComplete().Lost().Commits);
    }

    [Fact]
    public void WordsSaidDuringACutReply_AreOwedWithItsQuestion()
    {
        var typed = Scenario.Live().Client(InputTraits.Text, text: "first").Spoken(40, "half").Client(InputTraits.Text, text: "second").Lost();
        Assert.Equal(("first\nsecond", "first\nsecond", true, true), (typed.State.Draft.UserText, typed.State.Draft.Typed, typed.State.Draft.IsOwed, typed.State.Draft.Crosses));
        Assert.Equal(typed.Now, typed.State.Draft.AskedAt);

        var spoken = Scenario.Live().Audio(600).Audio(1_000, voiced: false).Transcribed("first").Spoken(40, "half").Audio(400).Transcribed(" second").Lost();
        Assert.Equal(("first second", 12), (spoken.State.Draft.UserText, spoken.State.Draft.Shown));
        Assert.False(Scenario.Live().Client(InputTraits.Text, text: "first").After(400).Spoken(40, "half").Lost().State.Draft.Crosses);
    }

    [Fact]
    public void OpenCall_IsUnderSuspicion_WithWhateverElseWasSent()
    {
        var s = Scenario.Live().Asked().Call(("c1", "f", "{}"));
        Assert.Equal(FrameKinds.OpenCall, Quarantine.Recent(s.State, s.Now));
        Assert.Equal(FrameKinds.OpenCall, Quarantine.Recent(Scenario.Live().State with { IsCareful = true }, 0));
        s.Client(InputTraits.Text, text: "a").Client(InputTraits.Text, text: "b");
        Assert.Equal(FrameKinds.OpenCall | FrameKinds.Text, Quarantine.Recent(s.State, s.Now));
    }

    [Fact]
    public void FrameThatIsTakenOut_IsCounted_AndTheRefusalForgotten()
    {
        var s = Scenario.Live().WholeTurn().Client(InputTraits.Text, text: "typed").Lost(1007, "Invalid value at 'realtime_input.text'");
        Assert.Contains(s.Last, effect => effect is Effect.Count { What: "inputQuarantined" });
        Assert.Equal((null, false), (s.State.RefusedWith, s.State.RefusedAgain));
        Assert.Empty(s.State.Suspects);
    }

    [Fact]
    public void Rotation_DialsAheadOnce_AndClosesTheOldSocketFirst()
    {
        var s = Scenario.Live().WholeTurn();
        var live = (LinkState.Live)s.State.Link;
        s.State = s.State with { Link = live with { Rotation = new Rotation(0, s.Now + 60_000, null) }, Checkpoint = null };
        s.Elapse(DeadlineKind.Rotate).Expect<Effect.PrepareLink>();
        Assert.True(s.State.LinkPrepared);
        s.Elapse(DeadlineKind.Rotate).ExpectNo<Effect.PrepareLink>();
        s.After(60_000).Elapse(DeadlineKind.Rotate);
        Assert.Equal((true, false), (s.State.OldSocketMayBeOpen, s.State.LinkPrepared));
    }

    [Fact]
    public void HttpRefusal_IsNamed_InTheClientsClose()
    {
        var s = new Scenario().Apply(new ConversationInput.LinkClosed(1, new LinkLoss(LinkLossKind.DialRefused, null, "") { HttpStatus = 401 }));
        Assert.Equal(new EdgeClose(1011, "Upstream refused the connection with HTTP 401."), s.Expect<Effect.CloseClient>().Close);
    }

    [Fact]
    public void FreshSession_ForgetsTheHandle_AResumedOneDoesNot()
    {
        var fresh = Scenario.Live().WholeTurn().Lost();
        fresh.State = fresh.State with { Link = new LinkState.Connecting(fresh.Link, new ResumePlan.Fresh("primary", 0)) };
        Assert.Null(fresh.Server(ServerParts.SetupComplete).State.Checkpoint);
        Assert.NotNull(Scenario.Live().WholeTurn().Lost().Server(ServerParts.SetupComplete).State.Checkpoint);
        Assert.Equal([fresh.Now], ((LinkState.Live)fresh.State.Link).HandlesOwed);
    }

    [Fact]
    public void ReplyToBeContinued_KeepsWhatItSaid_WhenNothingIsReplayed()
    {
        var s = Scenario.Live().Transcribed("late words").Lost().Ready();
        Assert.Equal(("late words", 0), (s.State.Draft.UserText, s.State.Draft.Withheld));
        s.ExpectTurn<TurnState.Idle>();
    }

    [Fact]
    public void Model_ThatMayNotBeMoved_SaysSo()
    {
        var s = Scenario.Live().WholeTurn().Lost();
        s.State = s.State with { Link = new LinkState.Connecting(s.Link, new ResumePlan.Seed("primary", 0, 100)), Episode = s.State.Episode! with { FreshTries = 5, Failures = 5 } };
        s.Lost(1011, "Internal error encountered.");
        Assert.Contains(s.Last, effect => effect is Effect.Count { What: "noSiloToMoveTo" });
        Assert.Equal(1011, s.Expect<Effect.CloseClient>().Close.Code);
        Assert.Single(s.Facts.OfType<RecoveryFailed>());
    }

    private static Scenario StatusEndsWork()
    {
        var s = Scenario.Live();
        s.State = s.State with { Rules = s.State.Rules with { Model = new ModelTraits { StatusEndsWork = true } } };
        return s;
    }
}
