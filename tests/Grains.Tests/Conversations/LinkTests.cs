using Gemini.Live.Links;
using Orchestrator.Attach;
using Orchestrator.Grains.Conversations;
using Orchestrator.Grains.Recovery;
using Orchestrator.Grains.Turns;
using Orchestrator.Journal;
using Xunit;

namespace Orchestrator.Grains.Tests.Conversations;

public sealed class LinkTests
{
    [Fact]
    public void Attach_First_DialsAtOnce_AndInputFlowsWhenReady()
    {
        var s = new Scenario();
        Assert.IsType<ResumePlan.Fresh>(s.Expect<Effect.OpenLink>().Plan);
        s.Ready();
        Assert.Equal(0, s.Expect<Effect.SendInputAfter>().Position);
        Assert.False(s.Facts.OfType<LinkOpened>().Single().Resumed);
    }

    [Fact]
    public void Loss_WhileTheUserSpeaks_ResumesTheCheckpointAndReplaysTheTurn()
    {
        var s = Scenario.Live().WholeTurn("h1");
        var covered = s.State.Checkpoint!.Position;
        s.Audio(300).Lost(1011, "Internal error encountered.");
        var plan = Assert.IsType<ResumePlan.Resume>(s.Expect<Effect.OpenLink>().Plan);
        Assert.Equal("h1", plan.Checkpoint.Handle);
        s.ExpectNo<Effect.CloseClient>().ExpectNo<Effect.SendToClient>();
        s.Ready();
        Assert.Equal(covered, s.Expect<Effect.SendInputAfter>().Position);
        s.ExpectTurn<TurnState.UserSpeaking>();
    }

    [Fact]
    public void Loss_AfterGenerationComplete_CompletesTheTurn()
    {
        var s = Scenario.Live();
        s.Audio(600).Spoken(40, "all of it").GenerationComplete().Lost();
        Assert.Equal(TurnEnding.Completed, Assert.Single(s.Commits).Ending);
        var sent = Assert.Single(s.Last.OfType<Effect.SendToClient>());
        Assert.Equal(OutputTraits.TurnComplete, sent.Traits);
        Assert.NotEqual(0, sent.AfterFact);
    }

    [Fact]
    public void Loss_InMidReply_EndsTheReplyAndOwesTheTurnAgain()
    {
        var s = Scenario.Live();
        s.Audio(600).Transcribed("question").Spoken(40, "half an").Lost();
        var cut = Assert.Single(s.Commits);
        Assert.Equal(TurnEnding.Cut, cut.Ending);
        Assert.Null(cut.User);
        Assert.Equal(0, s.State.CommittedTo);
        Assert.Equal(2, s.Last.OfType<Effect.SendToClient>().Count());
        s.Ready().Transcribed("question").Spoken(40, "a whole answer").GenerationComplete().TurnComplete();
        Assert.Equal("question", s.Commits[1].User!.Text);
        Assert.Equal("a whole answer", s.Commits[1].Model!.Text);
    }

    [Fact]
    public void Loss_AfterTypedText_KeepsTheTextAndReplacesWhatWasHeard()
    {
        var s = Scenario.Live();
        s.Audio(600).Transcribed("spoken ").Client(InputTraits.Text, text: "typed").Lost().Ready();
        s.Transcribed(" spoken").Spoken(40, "answer").GenerationComplete().TurnComplete();
        Assert.Equal("typed spoken", Assert.Single(s.Commits).User!.Text);
    }

    [Fact]
    public void Redial_Failing_BacksOffThenGivesUpResumably()
    {
        var s = Scenario.Live().WholeTurn().Lost();
        var waits = new List<long>();
        while (s.State.Link is not LinkState.Parked && waits.Count < 100)
        {
            s.Lost(kind: LinkLossKind.DialFailed);
            if (s.Last.OfType<Effect.ArmDeadline>().SingleOrDefault(a => a.Kind == DeadlineKind.LinkRetry) is { } retry)
            {
                waits.Add(retry.AtMs - s.Now);
                s.After(retry.AtMs - s.Now).Elapse(DeadlineKind.LinkRetry);
            }
        }

        Assert.Equal([250, 500, 1_000, 2_000, 4_000], waits.Take(5));
        Assert.Equal(1011, s.All.OfType<Effect.CloseClient>().Single().Close.Code);
        Assert.Contains(s.All, e => e is Effect.Release);
    }

    [Fact]
    public void Handle_RejectedAfterACommit_SeedsANewSession()
    {
        var s = Scenario.Live().WholeTurn().Lost().Lost(1008, "Requested entity was not found.");
        Assert.Null(s.State.Checkpoint);
        Assert.Equal(s.State.CommittedTo, Assert.IsType<ResumePlan.Seed>(s.Expect<Effect.OpenLink>().Plan).ReplayAfter);
        var told = System.Text.Encoding.UTF8.GetString(s.Ready().Expect<Effect.SendUpstream>().Frame.Span);
        Assert.Contains(" hello", told, StringComparison.Ordinal);
        Assert.Contains("hi there", told, StringComparison.Ordinal);
    }

    [Fact]
    public void Handle_RejectedBeforeAnyCommit_StartsFresh()
    {
        var s = Scenario.Live().Handle("h0").Audio(200).Lost().Lost(1007, "Invalid session handle");
        Assert.Equal(0, Assert.IsType<ResumePlan.Fresh>(s.Expect<Effect.OpenLink>().Plan).ReplayAfter);
    }

    [Theory]
    [InlineData(1007, "API key not valid. Please pass a valid API key.")]
    [InlineData(1008, "models/x is not found for API version v1beta, or is not supported for bidiGenerateContent. Call ModelService")]
    [InlineData(1007, "Invalid JSON payload received. Unknown name \"x\" at 'setup': Cannot find field.")]
    public void Refusal_ThatNoRetryCures_IsPassedOnInUpstreamsWords(int code, string reason)
    {
        var s = new Scenario().Lost(code, reason);
        Assert.Equal(new EdgeClose(code, reason), s.Expect<Effect.CloseClient>().Close);
        s.ExpectNo<Effect.OpenLink>();
    }

    [Fact]
    public void SetupComplete_Overdue_IsAFailedTry()
    {
        var s = new Scenario().After(20_000).Elapse(DeadlineKind.LinkSetup);
        s.Expect<Effect.CloseLink>();
        Assert.IsType<LinkState.Recovering>(s.State.Link);
    }

    [Fact]
    public void Client_Closing1000_ParksAtOnce_AndComesBackOnTheCheckpoint()
    {
        var s = Scenario.Live().WholeTurn("h1").Detach(1000);
        s.Expect<Effect.CloseLink>();
        s.Expect<Effect.Release>();
        var journal = s.All.OfType<Effect.Append>().Select(a => new JournalEntry(a.Position, default, a.Fact)).ToList();
        var back = ConversationHistory.Restore(s.State.Rules, journal);
        Assert.Equal(s.State.Turns, back.Turns);
        Assert.Equal(s.State.Checkpoint, back.Checkpoint);
        Assert.Equal(s.State.CommittedTo, back.CommittedTo);
        Assert.Equal(s.State.History, back.History);
        s.State = back;
        s.Attach();
        Assert.IsType<ResumePlan.Resume>(s.Expect<Effect.OpenLink>().Plan);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Client_ClosingRightAfterTheTurn_IsWaitedForByItsHandle(bool comes)
    {
        var s = Scenario.Live();
        s.Audio(600).Audio(1_000, voiced: false).Spoken(40).GenerationComplete().TurnComplete().Detach(1000);
        s.ExpectNo<Effect.Release>().ExpectNo<Effect.CloseLink>();
        if (comes)
        {
            s.Handle("h1");
            Assert.Equal("h1", s.State.Checkpoint!.Handle);
        }
        else
        {
            s.Elapse(DeadlineKind.CheckpointHold);
        }

        s.Expect<Effect.CloseLink>();
        s.Expect<Effect.Release>();
    }

    [Fact]
    public void Stop_RightAfterTheTurn_WaitsForItsHandle()
    {
        var s = Scenario.Live();
        s.Audio(600).Audio(1_000, voiced: false).Spoken(40).GenerationComplete().TurnComplete().Apply(new ConversationInput.StopRequested());
        Assert.Equal(1012, s.Expect<Effect.CloseClient>().Close.Code);
        s.ExpectNo<Effect.Release>();
        s.Handle("h1").Expect<Effect.Release>();
        Assert.Equal("h1", s.State.Checkpoint!.Handle);
    }

    [Fact]
    public void Client_ReturningWhileItsHandleIsDue_StaysOnItsLink()
    {
        var s = Scenario.Live();
        s.Audio(600).Audio(1_000, voiced: false).Spoken(40).GenerationComplete().TurnComplete().Detach(1000).Attach().Handle("h1");
        s.ExpectNo<Effect.Release>().ExpectNo<Effect.CloseLink>();
    }

    [Fact]
    public void Loss_WhileTheHandleOfAClosedClientIsDue_PutsTheConversationAway()
    {
        var s = Scenario.Live();
        s.Audio(600).Audio(1_000, voiced: false).Spoken(40).GenerationComplete().TurnComplete().Detach(1000).Lost();
        s.Expect<Effect.Release>();
        s.ExpectNo<Effect.OpenLink>();
    }

    [Fact]
    public void Client_Vanishing_KeepsTheLinkForTheGraceTime()
    {
        var s = Scenario.Live().WholeTurn().Detach(null);
        s.ExpectNo<Effect.CloseLink>();
        Assert.Equal(s.Now + 60_000, s.Expect<Effect.ArmDeadline>().AtMs);
        s.Attach().ExpectNo<Effect.OpenLink>();
        s.Expect<Effect.DisarmDeadline>();
    }

    [Fact]
    public void Client_NotBackInTime_ParksTheConversation()
    {
        Scenario.Live().Detach(null).Elapse(DeadlineKind.Grace).Expect<Effect.Release>();
    }

    [Fact]
    public void Detach_OfASupersededClient_ChangesNothing()
    {
        var s = Scenario.Live().Attach();
        s.Apply(new ConversationInput.ClientDetached(1, null, ""));
        Assert.Equal("staleDetach", s.Expect<Effect.Count>().What);
        Assert.IsType<EdgeState.Attached>(s.State.Edge);
    }

    [Fact]
    public void End_WritesDown_Closes_AndNothingHappensAfterwards()
    {
        var s = Scenario.Live();
        s.Audio(600).Spoken(40, "unfinish").Apply(new ConversationInput.EndRequested("done", "tenant"));
        Assert.Equal(TurnEnding.Cut, s.Commits[0].Ending);
        Assert.IsType<ConversationEnded>(s.Facts.Last(f => f is ConversationEnded));
        Assert.Equal(1000, s.Expect<Effect.CloseClient>().Close.Code);
        s.Attach();
        Assert.Equal("afterEnd", s.Expect<Effect.Count>().What);
    }

    [Fact]
    public void Ownership_Lost_ClosesTheLinkAndWritesNothing()
    {
        var s = Scenario.Live().Apply(new ConversationInput.OwnershipLost());
        s.Expect<Effect.CloseLink>();
        s.Expect<Effect.Release>();
    }
}
