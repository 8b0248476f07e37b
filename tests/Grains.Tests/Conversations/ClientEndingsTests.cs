using Gemini.Live.Links;
using Gemini.Live.Scanning;
using Orchestrator.Attach;
using Orchestrator.Grains.Conversations;
using Orchestrator.Grains.Recovery;
using Orchestrator.Journal;
using Xunit;

namespace Orchestrator.Grains.Tests.Conversations;

/// <summary>How a conversation leaves its client and memory: the words, and whether what waits still goes out.</summary>
public sealed class ClientEndingsTests
{
    [Fact]
    public void OverdueCommit_ClosesTheClientAtOnce_WithoutItsTurnComplete()
    {
        var s = Scenario.Live().Audio(600).Spoken(40, "yes").GenerationComplete().TurnComplete().After(10_000).Elapse(DeadlineKind.Commit);
        Assert.Equal(new Effect.CloseClient(new EdgeClose(1011, "The turn could not be stored; resume the session to continue."), AtOnce: true), s.Expect<Effect.CloseClient>());
        s.Expect<Effect.CloseLink>();
        Assert.Equal("a commit was overdue", s.Expect<Effect.Release>().Reason);
        Assert.IsType<LinkState.Parked>(s.State.Link);
    }

    [Fact]
    public void Commit_IsWaitedFor_UntilItIsDurable()
    {
        var s = Scenario.Live().Audio(600).Audio(1_000, voiced: false).Spoken(40, "yes").GenerationComplete().TurnComplete();
        var fact = s.State.AwaitedCommit;
        s.Apply(new ConversationInput.JournalCommitted(fact - 1)).ExpectNo<Effect.DisarmDeadline>().ExpectNo<Effect.TrimInput>();
        s.Apply(new ConversationInput.JournalCommitted(fact));
        Assert.Equal(DeadlineKind.Commit, s.Expect<Effect.DisarmDeadline>().Kind);
        Assert.Equal(s.State.CommittedTo, s.Expect<Effect.TrimInput>().Position);
        s.Apply(new ConversationInput.JournalCommitted(fact)).ExpectNo<Effect.TrimInput>();
    }

    [Fact]
    public void LostOwnership_ClosesTheClientAtOnce_AndEndsTheConversationHere()
    {
        var s = Scenario.Live().WholeTurn().Apply(new ConversationInput.OwnershipLost());
        Assert.Equal(new Effect.CloseClient(new EdgeClose(1011, "The conversation has moved; resume the session to continue."), AtOnce: true), s.Expect<Effect.CloseClient>());
        Assert.Equal("ownership was lost", s.Expect<Effect.Release>().Reason);
        s.Attach().ExpectNo<Effect.OpenLink>();
        Assert.Equal("afterEnd", s.Expect<Effect.Count>().What);
        Assert.Empty(s.Committed().Last);
    }

    [Fact]
    public void Client_ThatDoesNotComeBack_IsGivenUpAfterTheGraceTime()
    {
        var s = Scenario.Live().WholeTurn().Detach(code: null);
        Assert.Equal(s.Now + 60_000, s.Last.OfType<Effect.ArmDeadline>().Single(armed => armed.Kind == DeadlineKind.Grace).AtMs);
        Assert.Equal("the client did not come back within the grace time", s.After(60_000).Elapse(DeadlineKind.Grace).Expect<Effect.Release>().Reason);
    }

    [Fact]
    public void Isolation_EndsALinkThatNobodyListensTo_AndNoOther()
    {
        var isolated = new ConversationInput.Isolated(AfterMs: 10_000);
        var s = Scenario.Live().WholeTurn().After(60_000).Apply(isolated);
        Assert.Empty(s.Last);
        s.Detach(code: null).After(9_999).Apply(isolated);
        Assert.Empty(s.Last);
        s.After(1).Apply(isolated);
        s.Expect<Effect.CloseLink>();
        Assert.Equal("isolated", s.Expect<Effect.Count>().What);
        Assert.Equal("the silo hears neither a client nor its database", s.Expect<Effect.Release>().Reason);
    }

    [Fact]
    public void Stop_SaysSo()
    {
        var s = Scenario.Live().WholeTurn().Apply(new ConversationInput.StopRequested());
        Assert.Equal(EdgeClose.Restarting, s.Expect<Effect.CloseClient>().Close);
        Assert.Equal("the silo stops", s.Expect<Effect.Release>().Reason);
    }

    [Fact]
    public void Loss_AfterTheClientHasClosed_PutsTheConversationAway()
    {
        var s = Scenario.Live().Audio(600).Audio(1_000, voiced: false).Spoken(40).GenerationComplete().TurnComplete().Detach(1000).Lost();
        Assert.Equal("the link was lost after the client had closed", s.Expect<Effect.Release>().Reason);
    }

    [Fact]
    public void Exhausted_LaddersHaveTheirOwnWords()
    {
        var away = Scenario.Live().WholeTurn();
        for (var tries = 0; away.State.Link is not LinkState.Parked && tries < 100; tries++)
        {
            away.Lost(kind: LinkLossKind.DialFailed);
            if (away.State.Link is LinkState.Recovering)
            {
                away.After(4_000).Elapse(DeadlineKind.LinkRetry);
            }
        }

        Assert.Equal(new EdgeClose(1011, "Upstream is unavailable; resume the session later."), away.All.OfType<Effect.CloseClient>().Single().Close);
        Assert.Contains(away.All, effect => effect is Effect.Count { What: "ladderExhausted" });

        var again = Scenario.Live().Audio(600).Transcribed("question");
        again.State = again.State with { LossesOnTurn = 3 };
        Assert.Equal("The connection was lost too often in the same turn; resume the session to continue.", again.Lost(1011).Expect<Effect.CloseClient>().Close.Reason);

        var costly = Scenario.Live().WholeTurn();
        costly.State = costly.State with { RebilledTokens = 1_000_000 };
        Assert.Equal("Recovering the session has used up its token budget; resume the session to continue.", costly.Lost(1011).Expect<Effect.CloseClient>().Close.Reason);
    }

    [Fact]
    public void Exhausted_WhileTheClientIsAway_KeepsWhatWasSaid_ForTheRestOfTheGraceTime()
    {
        var s = Scenario.Live(manual: true).WholeTurn();
        var before = s.State.Media.LastInput;
        s.Client(InputTraits.ActivityStart).Audio(400).Detach(null);
        s.State = s.State with { LossesOnTurn = 3 };
        s.Lost(1011).ExpectNo<Effect.Release>().ExpectNo<Effect.CloseClient>();
        Assert.Single(s.Facts.OfType<RecoveryFailed>());

        s.After(2_000).Attach().Expect<Effect.OpenLink>();
        s.Ready();
        Assert.Equal(before, s.Expect<Effect.SendInputAfter>().Position);
        Assert.True(s.State.ActivityOpen);
        Assert.Equal(0, s.State.LossesOnTurn);

        s.Detach(null);
        s.State = s.State with { LossesOnTurn = 3 };
        Assert.Equal("the client did not come back within the grace time", s.Lost(1011).After(60_000).Elapse(DeadlineKind.Grace).Expect<Effect.Release>().Reason);
    }

    [Fact]
    public void OldAttachments_AreIgnoredByName()
    {
        var s = Scenario.Live().Attach();
        Assert.Equal("staleAttach", s.Apply(new ConversationInput.ClientAttached(2, ClientWants.Everything)).Expect<Effect.Count>().What);
        Assert.Single(s.Last);
        Assert.Equal("staleDetach", s.Apply(new ConversationInput.ClientDetached(1, 1000, "")).Expect<Effect.Count>().What);
        Assert.Equal("staleLink", s.Apply(new ConversationInput.LinkMessage(9, new ServerNotice(ServerParts.ServerContent))).Expect<Effect.Count>().What);
    }

    [Fact]
    public void History_IsExpectedAgain_FromAClientThatCameBack_Once()
    {
        var s = new Scenario();
        Assert.False(s.State.EchoExpected);
        s.Attach();
        Assert.True(s.State.EchoExpected);
        s.Ready().Client(InputTraits.Text, text: "typed");
        Assert.True(s.State.EchoExpected);
        Assert.False(s.Client(InputTraits.ClientContent).State.EchoExpected);
        s.Attach();
        Assert.Equal("historyEchoed", s.Apply(new ConversationInput.ClientEchoedHistory()).Expect<Effect.Count>().What);
        Assert.False(s.State.EchoExpected);
    }

    [Fact]
    public void EvictedInput_IsJournaled()
    {
        var s = Scenario.Live().Apply(new ConversationInput.InputEvicted(3, 9, Frames: 4, AudioMs: 80, Bytes: 2_560));
        Assert.Equal("inputEvicted", s.Expect<Effect.Count>().What);
        Assert.Equal(new InputEvicted(3, 9, 80, 2_560) { Frames = 4 }, s.Expect<Effect.Append>().Fact);
    }
}
