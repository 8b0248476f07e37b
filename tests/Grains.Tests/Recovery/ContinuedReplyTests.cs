using System.Text;
using Gemini.Live.Scanning;
using Orchestrator.Attach;
using Orchestrator.Grains.Conversations;
using Orchestrator.Grains.Recovery;
using Orchestrator.Grains.Tests.Conversations;
using Orchestrator.Grains.Turns;
using Orchestrator.Journal;
using Xunit;

namespace Orchestrator.Grains.Tests.Recovery;

/// <summary>Policy <c>continue</c>: a cut reply is not given anew, its rest is asked for.</summary>
public sealed class ContinuedReplyTests
{
    [Fact]
    public void CutReply_IsSettledByWhatWasHeard_AndTheNextSessionIsAskedForTheRest()
    {
        var s = Cut();
        var cut = Assert.Single(s.Commits);
        Assert.Equal((TurnEnding.Cut, true, "question", "The answer is"), (cut.Ending, cut.Continues, cut.User!.Text, cut.Model!.Text));
        Assert.Equal(cut.InputTo, s.State.CommittedTo);
        var seed = Assert.IsType<ResumePlan.Seed>(s.Expect<Effect.OpenLink>().Plan);
        Assert.Equal(cut.InputTo, seed.ReplayAfter);

        s.Ready();
        var frames = s.Last.OfType<Effect.SendUpstream>().Select(send => Encoding.UTF8.GetString(send.Frame.Span)).ToList();
        Assert.Contains("question", frames[0], StringComparison.Ordinal);
        Assert.Contains("The answer is", frames[0], StringComparison.Ordinal);
        Assert.Contains("say the rest", frames[^1], StringComparison.Ordinal);

        s.Spoken(400, " forty-two.").GenerationComplete().TurnComplete().Expect<Effect.ForwardTurnEnd>();
        Assert.Null(s.Commits[1].User);
        Assert.Equal(" forty-two.", s.Commits[1].Model!.Text);
        s.ExpectTurn<TurnState.Idle>();
    }

    [Fact]
    public void ClientSees_InterruptedAndTurnComplete_AfterTheFact()
    {
        var s = Cut();
        var sent = s.Last.OfType<Effect.SendToClient>().ToList();
        Assert.Equal([GatewayFrames.Interrupted, GatewayFrames.TurnComplete], sent.Select(frame => frame.Frame));
        Assert.NotEqual(0, sent[1].AfterFact);
    }

    [Fact]
    public void UserWhoHasGoneOn_IsAnsweredInstead()
    {
        var s = Speaking().Audio(400).Lost();
        s.Ready();
        Assert.DoesNotContain(s.Last.OfType<Effect.SendUpstream>(), send => Encoding.UTF8.GetString(send.Frame.Span).Contains("say the rest", StringComparison.Ordinal));
        s.ExpectTurn<TurnState.UserSpeaking>();
    }

    [Fact]
    public void SecondLossBeforeTheRest_AsksAgain_AndStillCountsOnTheTurn()
    {
        var s = Cut().Ready().Lost(1011).Ready();
        Assert.Contains("say the rest", Encoding.UTF8.GetString(s.Last.OfType<Effect.SendUpstream>().Last().Frame.Span), StringComparison.Ordinal);
        Assert.Equal(2, s.State.LossesOnTurn);
        Assert.Single(s.Commits);
    }

    [Fact]
    public void WithoutTranscript_OrWithFunctions_TheTurnIsBegunAnew()
    {
        Assert.Equal(0, Lost(Asked().Spoken(400)).State.CommittedTo);
        Assert.Equal(0, Lost(Asked().Calls("c1").ToolResult("c1").Spoken(400, "The answer is")).State.CommittedTo);
        Assert.Equal(0, Lost(Asked().Spoken(400, "One moment.").TurnComplete(ServerParts.InteractionInProgress).Spoken(100, "The answer is")).State.CommittedTo);

        static Scenario Lost(Scenario s) => s.Lost(1011);
    }

    [Fact]
    public void Journal_TellsTheSame()
    {
        var s = Cut();
        var restored = ConversationHistory.Restore(s.State.Rules, [.. s.Facts.Select((fact, i) => new JournalEntry(i + 1, DateTimeOffset.UnixEpoch, fact))]);
        Assert.Equal((1, s.State.CommittedTo), (restored.Settled, restored.CommittedTo));
        Assert.Equal(s.State.History.Select(said => (said.Text, said.Cut)), restored.History.Select(said => (said.Text, said.Cut)));
    }

    private static Scenario Asked()
    {
        var s = Scenario.Live();
        s.State = s.State with { Rules = s.State.Rules with { Policy = new RecoveryPolicy { CutReplies = CutReplies.Continue } } };
        return s.Audio(600).Transcribed("question").Audio(1_000, voiced: false);
    }

    private static Scenario Speaking() => Asked().Spoken(400, "The answer is");

    private static Scenario Cut() => Speaking().Lost(1011);
}
