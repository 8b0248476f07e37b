using System.Text;
using Gemini.Live.Scanning;
using Orchestrator.Grains.Conversations;
using Orchestrator.Grains.Turns;
using Orchestrator.Journal;
using Xunit;

namespace Orchestrator.Grains.Tests.Conversations;

/// <summary>Extended thinking: one request, several turns (dossier §6.3).</summary>
public sealed class InteractionTests
{
    [Fact]
    public void LostIdle_IsAssumedAfterAWhile_AndTheClientIsTold()
    {
        var s = Filler().After(30_000).Elapse(DeadlineKind.Interaction);
        Assert.False(s.State.InteractionOpen);
        Assert.Equal(2, s.Commits.Count);
        Assert.False(s.Commits[1].InteractionOpen);
        Assert.Equal(s.Commits[1].InputTo, s.State.CommittedTo);
        Assert.Equal(1, s.State.Settled);
        var end = s.Expect<Effect.SendToClient>();
        Assert.Contains("IDLE", Encoding.UTF8.GetString(end.Frame.Span), StringComparison.Ordinal);
        Assert.Equal(s.State.Journal, end.AfterFact);
        s.ExpectTurn<TurnState.Idle>();
    }

    [Fact]
    public void AnyFrame_IsASignOfLife()
    {
        var s = Filler();
        var armed = s.State.Armed[DeadlineKind.Interaction];
        s.After(20_000).Server(ServerParts.None);
        Assert.True(s.State.Armed[DeadlineKind.Interaction] > armed);
        Assert.DoesNotContain(DeadlineKind.Interaction, s.Calls("c1").State.Armed.Keys);
        Assert.DoesNotContain(DeadlineKind.Interaction, Filler().Spoken(40, "yes").State.Armed.Keys);
    }

    [Fact]
    public void LostIdle_WhileTheUserHasAskedAgain_LeavesThatToBeAnswered()
    {
        var s = Filler().Audio(400).Transcribed("again").Audio(1_000, voiced: false).After(30_000).Elapse(DeadlineKind.Interaction);
        Assert.Single(s.Commits);
        Assert.Contains(DeadlineKind.Stall, s.State.Armed.Keys);
    }

    [Fact]
    public void EndWithoutWords_AfterAFiller_SettlesTheRequest()
    {
        var s = Filler().TurnComplete(ServerParts.InteractionIdle).ExpectNo<Effect.SendUpstream>();
        s.Expect<Effect.ForwardTurnEnd>();
        Assert.Equal(1, s.State.Settled);
    }

    [Fact]
    public void Loss_AfterAPartWasGeneratedWhole_DoesNotTellTheClientThatItWasTheLast()
    {
        var s = Filler().Spoken(400, "Here it is.").GenerationComplete().Lost(1011);
        Assert.Equal((TurnEnding.Completed, true), (s.Commits[1].Ending, s.Commits[1].InteractionOpen));
        Assert.Contains("IN_PROGRESS", Encoding.UTF8.GetString(Assert.Single(s.Last.OfType<Effect.SendToClient>()).Frame.Span), StringComparison.Ordinal);
        Assert.Equal(0, s.State.CommittedTo);
    }

    [Fact]
    public void Loss_BetweenFillerAndAnswer_ReplaysTheQuestion_AndDoesNotDoubleItsWords()
    {
        var s = Filler();
        Assert.Equal(0, s.State.CommittedTo);
        s.Lost(1011);
        Assert.Equal(0, s.Expect<Effect.OpenLink>().Plan.ReplayAfter);
        s.Ready().Transcribed("question").ExpectNo<Effect.SendToClient>();
        s.Spoken(400, "The answer.").GenerationComplete().TurnComplete(ServerParts.InteractionIdle);
        Assert.Equal(["question", null], s.Commits.Select(turn => turn.User is { Text.Length: > 0 } user ? user.Text : null));
        Assert.Equal(["One moment.", "The answer."], s.Commits.Select(turn => turn.Model!.Text));
        Assert.Equal(30, s.State.CommittedTo);
    }

    private static Scenario Filler() => Scenario.Live().Audio(600).Transcribed("question").Audio(1_000, voiced: false)
        .Spoken(400, "One moment.").GenerationComplete().TurnComplete(ServerParts.InteractionInProgress);
}
