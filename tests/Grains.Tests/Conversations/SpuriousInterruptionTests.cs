using Gemini.Live.Scanning;
using Orchestrator.Attach;
using Orchestrator.Grains.Conversations;
using Orchestrator.Grains.Turns;
using Orchestrator.Journal;
using Xunit;

namespace Orchestrator.Grains.Tests.Conversations;

/// <summary>P1: no <c>interrupted</c> that nobody has caused.</summary>
public sealed class SpuriousInterruptionTests
{
    [Fact]
    public void Pair_InMidReplyThatNobodyInterrupted_EndsHere_AndTheReplyGoesOn()
    {
        var s = Answering();
        s.Interrupted().ExpectNo<Effect.ForwardFrame>().ExpectNo<Effect.DiscardAudio>();
        s.TurnComplete().ExpectNo<Effect.ForwardTurnEnd>();
        Assert.Empty(s.Commits);

        s.Spoken(400, " is this.").GenerationComplete().TurnComplete().Expect<Effect.ForwardTurnEnd>();
        Assert.Equal(("The answer is this.", TurnEnding.Completed), (Assert.Single(s.Commits).Model!.Text, s.Commits[0].Ending));
    }

    [Fact]
    public void PairInOneFrame_EndsHere()
    {
        Answering().Server(ServerParts.ServerContent | ServerParts.Interrupted | ServerParts.TurnComplete)
            .ExpectNo<Effect.ForwardTurnEnd>().ExpectNo<Effect.ForwardFrame>().ExpectTurn<TurnState.ModelSpeaking>();
    }

    [Fact]
    public void Pair_BeforeAnythingWasSaid_LeavesTheUserOwed()
    {
        var s = Scenario.Live(manual: true).Client(InputTraits.ActivityStart).Audio(400).Client(InputTraits.ActivityEnd);
        s.Interrupted().ExpectNo<Effect.ForwardFrame>().TurnComplete().ExpectNo<Effect.ForwardTurnEnd>().ExpectNo<Effect.SendUpstream>();
        s.ExpectTurn<TurnState.AwaitingModel>();
        s.Spoken(40, "Yes.").GenerationComplete().TurnComplete();
        Assert.Equal(400, Assert.Single(s.Commits).User!.AudioMs);
    }

    [Fact]
    public void Pair_InIdle_IsNobodys()
    {
        var s = Scenario.Live().WholeTurn().Interrupted().ExpectNo<Effect.ForwardFrame>().TurnComplete().ExpectNo<Effect.ForwardTurnEnd>();
        Assert.Single(s.Commits);
    }

    [Fact]
    public void Pair_AfterAThoughtThatTheUserInterrupts_MakesOneTurnOfBoth()
    {
        var s = Scenario.Live(manual: true).Client(InputTraits.ActivityStart).Audio(400).Client(InputTraits.ActivityEnd);
        s.Server(ServerParts.ServerContent | ServerParts.ModelThought);
        s.Client(InputTraits.ActivityStart).Audio(200).Interrupted().TurnComplete().ExpectNo<Effect.ForwardTurnEnd>();
        s.ExpectTurn<TurnState.UserSpeaking>();
        s.Client(InputTraits.ActivityEnd).Spoken(40, "Yes.").GenerationComplete().TurnComplete();
        Assert.Equal(600, Assert.Single(s.Commits).User!.AudioMs);
        Assert.Equal(s.State.Media.LastInput, s.Commits[0].InputTo);
    }

    [Theory]
    [InlineData(InputTraits.Text)]
    [InlineData(InputTraits.ActivityStart)]
    [InlineData(InputTraits.ClientContent | InputTraits.ContentComplete)]
    public void Interruption_ByTheUser_IsTheClients(InputTraits traits)
    {
        var s = Answering(manual: true).Client(traits, text: "stop").Interrupted();
        s.Expect<Effect.ForwardFrame>();
        s.Expect<Effect.DiscardAudio>();
        s.TurnComplete().Expect<Effect.ForwardTurnEnd>();
        Assert.Equal(TurnEnding.Interrupted, Assert.Single(s.Commits).Ending);
    }

    [Fact]
    public void Interruption_ByAVoice_IsTheClients()
    {
        Answering().Audio(200).Interrupted().Expect<Effect.ForwardFrame>();
    }

    [Fact]
    public void Interruption_ByWordsThatCrossedTheReply_IsTheClients()
    {
        // The second text left before the answer to the first was heard of, and interrupts it.
        var s = Scenario.Live(manual: true).Client(InputTraits.Text, text: "one").Client(InputTraits.Text, text: "two").Spoken(100, "To one");
        s.After(100).Interrupted().Expect<Effect.ForwardFrame>();

        // Long after the crossing nobody is left who could have caused it.
        s = Scenario.Live(manual: true).Client(InputTraits.Text, text: "one").Client(InputTraits.Text, text: "two").Spoken(100, "To one");
        s.After(5_000).Interrupted().ExpectNo<Effect.ForwardFrame>();
    }

    [Fact]
    public void WordsThatCrossedTheReply_AreOwedAnAnswer_ThoughTheyWereCountedWithTheQuestion()
    {
        var s = Scenario.Live(manual: true);
        foreach (var words in new[] { "one", "two" })
        {
            s.Client(InputTraits.ActivityStart).Audio(400).Client(InputTraits.ActivityEnd).Transcribed(words);
        }

        s.Spoken(100, "To one").Interrupted().TurnComplete();
        Assert.Equal(22, Assert.Single(s.Commits).InputTo);
        Assert.Contains(DeadlineKind.Stall, s.State.Armed.Keys);

        // So the end of nothing is no answer to them.
        s.TurnComplete().ExpectNo<Effect.ForwardTurnEnd>().Expect<Effect.SendUpstream>();
    }

    [Fact]
    public void Interrupted_WithoutItsTurnComplete_DoesNotTakeTheRealOne()
    {
        var s = Answering().Interrupted().Spoken(200, " is this.").TurnComplete();
        s.Expect<Effect.ForwardTurnEnd>();
        Assert.Single(s.Commits);
    }

    [Fact]
    public void ReplyThatDoesNotGoOn_IsEnded_DurablyFirst()
    {
        var s = Answering().Interrupted().TurnComplete().After(1_500).Elapse(DeadlineKind.Swallowed);
        Assert.Equal(TurnEnding.Completed, Assert.Single(s.Commits).Ending);
        Assert.Equal(s.State.Journal, s.Expect<Effect.SendToClient>().AfterFact);
        s.ExpectTurn<TurnState.Idle>();

        // The end that comes all the same is one too many.
        s.TurnComplete().ExpectNo<Effect.ForwardTurnEnd>();
    }

    [Fact]
    public void ReplyThatGoesOn_IsNotEnded()
    {
        var s = Answering().Interrupted().TurnComplete().Spoken(200).After(1_500).Elapse(DeadlineKind.Swallowed);
        Assert.Empty(s.Commits);
        s.ExpectTurn<TurnState.ModelSpeaking>();
    }

    [Fact]
    public void ReplyThatIsStillPlaying_IsGivenItsTime()
    {
        var s = Scenario.Live().Audio(600).Transcribed("question").Audio(1_000, voiced: false).Spoken(5_000, "A long answer.").GenerationComplete();
        var began = s.State.Media.FirstSpokenAt;
        s.After(100).Interrupted().TurnComplete();
        Assert.Equal(began + 5_000 + 1_500, s.Last.OfType<Effect.ArmDeadline>().Single(arm => arm.Kind == DeadlineKind.Swallowed).AtMs);
    }

    private static Scenario Answering(bool manual = false)
    {
        var s = Scenario.Live(manual);
        s = manual
            ? s.Client(InputTraits.ActivityStart).Audio(600).Client(InputTraits.ActivityEnd)
            : s.Audio(600).Transcribed("question").Audio(1_000, voiced: false);
        return s.After(200).Spoken(400, "The answer");
    }
}
