using Orchestrator.Attach;
using Orchestrator.Grains.Conversations;
using Orchestrator.Journal;
using Xunit;

namespace Orchestrator.Grains.Tests.Conversations;

/// <summary>A silo that is emptied lets its conversations go, and a recovery may go to another silo once in a turn.</summary>
public sealed class MoveTests
{
    private static readonly ConversationInput Drain = new ConversationInput.DrainRequested(AtOnce: false);

    [Fact]
    public void ConversationAtRest_LeavesAtOnce_AndClosesItsLinkFirst()
    {
        var s = Scenario.Live().WholeTurn().Apply(Drain);
        Left(s, "drain");
        Assert.Equal(1, s.Last.OfType<Effect.CloseLink>().Single().Link);
        Assert.False(s.State.Draining);
    }

    [Fact]
    public void UserInMidSentence_IsLetFinish_AndAnswered()
    {
        var s = Scenario.Live().WholeTurn().Audio(400).Apply(Drain);
        Stays(s);
        s.Audio(900, voiced: false).Spoken(300, "yes");
        Stays(s);
        s.GenerationComplete().After(400).TurnComplete();
        Stays(s);
        s.Committed().Handle("h2").Committed();
        Left(s, "drain");
        Assert.Equal(2, s.Commits.Count);
    }

    [Fact]
    public void OpenCall_IsAwaited()
    {
        var s = Scenario.Live().WholeTurn().Audio(400).Audio(900, voiced: false).Calls("f1").Apply(Drain);
        Stays(s);
    }

    [Fact]
    public void Deadline_EndsTheWait_AndLeavesTheReplyToTheNextOwner()
    {
        var s = Scenario.Live().WholeTurn().Audio(400).Audio(900, voiced: false).Spoken(300, "yes").Apply(new ConversationInput.DrainRequested(AtOnce: true));
        Left(s, "drain");
        Assert.Single(s.Commits);
    }

    [Fact]
    public void ConversationWithoutAClient_IsPutAway()
    {
        var s = Scenario.Live().WholeTurn().Detach(null).Apply(Drain);
        s.ExpectNo<Effect.CloseClient>().Expect<Effect.Release>();
        Assert.Empty(s.Facts.OfType<ConversationMoved>());
    }

    [Fact]
    public void Release_ThatAnotherSiloAsksFor_LeavesWhatIsUnderWayToIt_AndClosesTheLink()
    {
        var s = Scenario.Live().WholeTurn().Audio(400).Audio(900, voiced: false).Spoken(300, "yes").Detach(null).Apply(new ConversationInput.ReleaseRequested(ClientRemembers: true));
        s.ExpectNo<Effect.CloseClient>().Expect<Effect.Release>();
        Assert.Equal(1, s.Last.OfType<Effect.CloseLink>().Single().Link);
        Assert.Equal("takeover", Assert.Single(s.Facts.OfType<ConversationMoved>()).Why);
        Assert.Single(s.Commits);
    }

    [Fact]
    public void Release_ForAClientThatRemembersNothing_WritesDownWhatWasSaid()
    {
        var s = Scenario.Live().WholeTurn().Audio(400).Audio(900, voiced: false).Spoken(300, "yes").Apply(new ConversationInput.ReleaseRequested(ClientRemembers: false));
        Left(s, "takeover");
        Assert.Equal((TurnEnding.Cut, "yes"), (s.Commits[^1].Ending, s.Commits[^1].Model!.Text));
        Assert.Equal(2, s.Commits.Count);
    }

    [Fact]
    public void Release_WhileTheSiloIsEmptied_HappensOnce()
    {
        var s = Scenario.Live().WholeTurn().Audio(400).Apply(Drain).Apply(new ConversationInput.ReleaseRequested(ClientRemembers: true));
        Left(s, "takeover");
        Assert.Single(s.All.OfType<Effect.Release>());
    }

    [Theory]
    [InlineData(true, 0, true)]
    [InlineData(true, 1, false)]
    [InlineData(false, 0, false)]
    public void Recovery_MayGoElsewhereOnceInATurn_WhereThereAreOtherSilos(bool mayMove, int moves, bool possible)
    {
        var s = Scenario.Live();
        var state = s.State with { Rules = s.State.Rules with { MayMove = mayMove }, Moves = moves };
        Assert.Equal(possible, MoveStep.IsPossible(state));
        Assert.False(MoveStep.IsPossible(state with { Edge = EdgeState.None.Instance }));
    }

    [Fact]
    public void Recovery_ThatNothingHelpsHere_LeavesTheClientToAnotherSilo()
    {
        var s = Scenario.Live().WholeTurn();
        s.State = s.State with { Rules = s.State.Rules with { MayMove = true } };
        s.Audio(400).Lost(1011, "Internal error encountered.");
        for (var tries = 0; tries < 20 && !s.Last.OfType<Effect.Release>().Any(); tries++)
        {
            if (s.State.Armed.ContainsKey(DeadlineKind.LinkRetry))
            {
                s.Elapse(DeadlineKind.LinkRetry);
            }

            s.Lost(1011, "Internal error encountered.");
        }

        Left(s, "recovery");
    }

    [Fact]
    public void Moves_AreForgottenWithTheNextSettledTurn()
    {
        var s = Scenario.Live();
        s.State = s.State with { Moves = 1 };
        Assert.Equal(0, s.WholeTurn().State.Moves);
    }

    private static void Left(Scenario s, string why)
    {
        Assert.Equal(EdgeClose.Moving, s.Expect<Effect.CloseClient>().Close);
        s.Expect<Effect.Release>();
        Assert.Equal(why, Assert.Single(s.Facts.OfType<ConversationMoved>()).Why);
        Assert.Equal(Durability.Flushed, s.All.OfType<Effect.Append>().Single(a => a.Fact is ConversationMoved).Durability);
    }

    private static void Stays(Scenario s) => Assert.Empty(s.All.OfType<Effect.Release>());
}
