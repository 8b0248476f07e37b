using System.Text;
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

/// <summary>A model that owes an answer and gives none.</summary>
public sealed class StallTests
{
    [Fact]
    public void Answer_Overdue_IsAskedForOnce_AndIsTheAnswerToTheTurn()
    {
        var s = Asked().Elapsed();
        Assert.Equal("""{"realtimeInput":{"text":"[system note: the user has finished speaking and waits for your answer]"}}""", Upstream(s));

        s.After(400).Spoken(400, "Here it is.").GenerationComplete().TurnComplete();
        var turn = Assert.Single(s.Commits);
        Assert.Equal(("question", "Here it is.", TurnEnding.Completed), (turn.User!.Text, turn.Model!.Text, turn.Ending));
        s.Expect<Effect.ForwardTurnEnd>();
        s.Expect<Effect.HoldInput>();
    }

    [Fact]
    public void NudgeWithoutAnswer_ClimbsToRungOneThenTwo_ThenWaits()
    {
        var s = Scenario.Live().WholeTurn();
        s.Audio(600).Transcribed("question").Audio(1_000, voiced: false).Elapsed().Elapsed();
        Assert.Single(s.Last.OfType<Effect.CloseLink>());
        s.Elapse(DeadlineKind.LinkClosing);
        Assert.IsType<ResumePlan.Resume>(s.Expect<Effect.OpenLink>().Plan);
        s.Ready();

        s.Transcribed("question").Elapsed().Elapse(DeadlineKind.LinkClosing);
        Assert.IsType<ResumePlan.Seed>(s.Expect<Effect.OpenLink>().Plan);
        s.Ready();

        s.Transcribed("question").Elapsed();
        Assert.Contains(s.Last, effect => effect is Effect.Count { What: "stallGivenUp" });
        Assert.DoesNotContain(DeadlineKind.Stall, s.State.Armed.Keys);
        Assert.IsType<LinkState.Live>(s.State.Link);
        Assert.Single(s.All.OfType<Effect.SendUpstream>(), send => Encoding.UTF8.GetString(send.Frame.Span).Contains("waits for your answer", StringComparison.Ordinal));
        Assert.Equal(["stall", "stall"], s.Facts.OfType<LinkLost>().Select(lost => lost.Reason));
    }

    [Theory]
    [InlineData("")]
    [InlineData("question")]
    public void AnswerThatHadBegun_IsAskedFor_ThroughNoise_WhenNothingIsTranscribedAnyMore(string again)
    {
        var s = Scenario.Live().Audio(2_000).Transcribed("question").Spoken(400, "Well, ").Audio(200).Lost().Ready().Flushed().Audio(3_000).Transcribed(again);
        s.ExpectTurn<TurnState.UserSpeaking>();
        Assert.Equal(s.Now + (again.Length > 0 ? 6_000 : 3_020), s.All.OfType<Effect.ArmDeadline>().Last(armed => armed.Kind == DeadlineKind.Stall).AtMs);
        Assert.Contains("waits for your answer", Upstream(s.Elapse(DeadlineKind.Stall)), StringComparison.Ordinal);
        Assert.Contains(DeadlineKind.Stall, s.State.Armed.Keys);

        // Words alone may be those of the turn before.
        Assert.DoesNotContain(DeadlineKind.Stall, Scenario.Live().Audio(2_000).Transcribed("question").State.Armed.Keys);
    }

    /// <summary>The turn of the call is settled, and nobody has asked anything since: a note, and nothing more.</summary>
    [Fact]
    public void ResultOfASettledTurn_ThatTheModelSaysNothingAbout_IsWorthANote()
    {
        var s = Scenario.Live().Asked().Call(("c1", "f", "{}")).TurnComplete().Committed().After(2_000);
        Assert.DoesNotContain(DeadlineKind.Stall, s.State.Armed.Keys);
        s.AnswerFor("c1");
        Assert.Equal(s.Now + 6_000, s.Last.OfType<Effect.ArmDeadline>().Single(armed => armed.Kind == DeadlineKind.Stall).AtMs);
        s.Elapsed();
        Assert.Contains("waits for your answer", Upstream(s), StringComparison.Ordinal);
        s.Elapsed().ExpectNo<Effect.CloseLink>();
        Assert.Contains(s.Last, effect => effect is Effect.Count { What: "stallGivenUp" });
        Assert.DoesNotContain(DeadlineKind.Stall, s.State.Armed.Keys);
    }

    /// <summary>The same where upstream ends the turn of it: the model is reminded, and taken at its word when it does so again.</summary>
    [Fact]
    public void EmptyTurn_AboutAResultOfASettledTurn_IsWorthANote_AndTheSecondIsTheAnswer()
    {
        var s = Scenario.Live().Asked().Call(("c1", "f", "{}")).TurnComplete().Committed().After(2_000).AnswerFor("c1");
        s.TurnComplete().ExpectNo<Effect.ForwardTurnEnd>();
        Assert.Contains("waits for your answer", Upstream(s), StringComparison.Ordinal);
        Assert.Single(s.Commits);
        s.TurnComplete().ExpectNo<Effect.CloseLink>().Expect<Effect.ForwardTurnEnd>();
        Assert.Null(s.Commits[1].Model);
    }

    [Fact]
    public void SilentResult_IsWorthNoNote()
    {
        var s = Scenario.Live().Asked().Call(("c1", "f", "{}")).TurnComplete().Committed().Answer("""{"id":"c1","name":"f","response":{},"scheduling":"SILENT"}""");
        Assert.DoesNotContain(DeadlineKind.Stall, s.State.Armed.Keys);
    }

    /// <summary>The model is owed to the user, and a result that it was told in vain does not excuse it.</summary>
    [Fact]
    public void QuestionBehindAResultThatWasToldInVain_IsRemindedOf()
    {
        var s = Scenario.Live().Asked().Call(("c1", "f", "{}")).TurnComplete().Committed().AnswerFor("c1").After(1_000).Asked();
        s.Elapsed();
        Assert.Contains("waits for your answer", Upstream(s), StringComparison.Ordinal);
    }

    [Fact]
    public void StalledLink_IsRecordedAsRecovery()
    {
        var s = Asked().Elapsed().Elapsed().Elapse(DeadlineKind.LinkClosing).After(100).Ready();
        s.Transcribed("question").Spoken(40, "At last.").GenerationComplete().TurnComplete();
        Assert.Equal("stall", Assert.Single(s.Facts.OfType<LinkRecovered>()).Kind);
    }

    [Fact]
    public void ModelThatMayStaySilent_IsNotDoubtedBeyondTheNudge()
    {
        var s = Asked(silent: true).Elapsed();
        Assert.Contains("system note", Upstream(s), StringComparison.Ordinal);
        s.Elapsed().ExpectNo<Effect.CloseLink>();
        Assert.DoesNotContain(DeadlineKind.Stall, s.State.Armed.Keys);
    }

    [Fact]
    public void ModelThatMayStaySilent_IsRemindedAgain_WhenItsConnectionIsReplacedForAnotherReason()
    {
        var s = Asked(silent: true).Elapsed().Elapsed().Lost().Ready().Transcribed("question").Elapsed();
        Assert.Contains("system note", Upstream(s), StringComparison.Ordinal);
    }

    [Fact]
    public void AutomaticActivity_WithoutTranscript_IsNotProofOfAQuestion()
    {
        var s = Scenario.Live();
        s.Audio(600).Audio(1_000, voiced: false).ExpectTurn<TurnState.AwaitingModel>();
        Assert.DoesNotContain(DeadlineKind.Stall, s.State.Armed.Keys);
        s.Transcribed("question");
        Assert.Contains(DeadlineKind.Stall, s.State.Armed.Keys);
    }

    [Fact]
    public void ManualActivity_ThatHadAVoiceInIt_NeedsNoTranscript()
    {
        var s = Scenario.Live(manual: true);
        s.Client(InputTraits.ActivityStart).Client(InputTraits.ActivityEnd);
        Assert.DoesNotContain(DeadlineKind.Stall, s.State.Armed.Keys);
        s.Client(InputTraits.ActivityStart).Audio(400).Client(InputTraits.ActivityEnd);
        Assert.Contains(DeadlineKind.Stall, s.State.Armed.Keys);
    }

    [Fact]
    public void Output_AndTheUser_Disarm()
    {
        Assert.DoesNotContain(DeadlineKind.Stall, Asked().Audio(100).State.Armed.Keys);
        Assert.DoesNotContain(DeadlineKind.Stall, Asked().Spoken(40, "yes").State.Armed.Keys);
        Assert.DoesNotContain(DeadlineKind.Stall, Asked().Lost().State.Armed.Keys);
    }

    [Fact]
    public void WaitingForInput_OpenCall_AndInteraction_AreNoStalls()
    {
        var waits = Asked().Server(ServerParts.ServerContent | ServerParts.WaitingForInput);
        Assert.DoesNotContain(DeadlineKind.Stall, waits.State.Armed.Keys);
        waits.Audio(200).Audio(1_000, voiced: false);
        Assert.Contains(DeadlineKind.Stall, waits.State.Armed.Keys);

        Assert.DoesNotContain(DeadlineKind.Stall, Asked().Calls("c1").State.Armed.Keys);
        Assert.Contains(DeadlineKind.Stall, Asked().Calls("c1").ToolResult("c1").State.Armed.Keys);
        Assert.DoesNotContain(DeadlineKind.Stall, Asked().Spoken(40, "One moment.").TurnComplete(ServerParts.InteractionInProgress).State.Armed.Keys);
    }

    [Fact]
    public void Replay_ThatIsNotThroughYet_IsNotTheModelsSilence()
    {
        var s = Asked().Lost().Server(ServerParts.SetupComplete).Transcribed("question");
        Assert.DoesNotContain(DeadlineKind.Stall, s.State.Armed.Keys);
        s.Flushed();
        Assert.Contains(DeadlineKind.Stall, s.State.Armed.Keys);
        s.State.Media.SentTo = s.State.Media.LastMeaningful - 1;
        s.Elapsed().ExpectNo<Effect.SendUpstream>();
        Assert.Contains(DeadlineKind.Stall, s.State.Armed.Keys);
    }

    [Fact]
    public void EmptyTurn_IsNoAnswer_AndTheModelIsReminded()
    {
        var s = Asked().TurnComplete().ExpectNo<Effect.ForwardTurnEnd>();
        Assert.Contains("waits for your answer", Upstream(s), StringComparison.Ordinal);
        Assert.Empty(s.Commits);
        s.Spoken(40, "Yes.").GenerationComplete().TurnComplete();
        Assert.Equal("question", Assert.Single(s.Commits).User!.Text);
    }

    [Fact]
    public void EmptyTurn_AfterACutReply_IsNoEndOfAnInteraction()
    {
        var s = Asked().Spoken(40, "Well").Lost();
        // Its question was put down as answered before: nothing is replayed.
        s.State.Media.LastMeaningful = s.State.CommittedTo;
        s.State = s.State with { Draft = s.State.Draft with { UserText = "", Shown = 0 } };
        s.Ready();
        s.State = s.State with { Stall = StallWatch.None };
        s.TurnComplete().ExpectNo<Effect.ForwardTurnEnd>();
    }

    [Fact]
    public void EmptyTurn_Again_IsTheAnswerOfAModelThatMayStaySilent()
    {
        var s = Asked(silent: true).TurnComplete().TurnComplete();
        Assert.Null(Assert.Single(s.Commits).Model);
        s.Expect<Effect.ForwardTurnEnd>();
    }

    [Fact]
    public void EmptyTurn_AgainAndAgain_IsForwardedAtLast()
    {
        var s = Asked().TurnComplete().TurnComplete();
        for (var climb = 0; climb < 2; climb++)
        {
            s.ExpectNo<Effect.ForwardTurnEnd>().Elapse(DeadlineKind.LinkClosing).Ready().Transcribed("question");
            Assert.Empty(s.Commits);
            s.TurnComplete();
        }

        Assert.Single(s.Commits);
        s.Expect<Effect.ForwardTurnEnd>();
    }

    [Fact]
    public void EmptyTurn_BeforeTheTranscript_WaitsForIt()
    {
        var late = Scenario.Live().Audio(600).Audio(1_000, voiced: false).TurnComplete().ExpectNo<Effect.SendUpstream>();
        late.Transcribed("question").Elapsed();
        Assert.Contains("waits for your answer", Upstream(late), StringComparison.Ordinal);

        // Nobody had spoken: the turn is what upstream made of a noise.
        var noise = Scenario.Live().Audio(600).Audio(1_000, voiced: false).TurnComplete().Elapsed();
        noise.ExpectNo<Effect.SendUpstream>().ExpectTurn<TurnState.Idle>();
        Assert.Equal(noise.Expect<Effect.SendToClient>().AfterFact, noise.State.Journal);
        Assert.Single(noise.Commits);
    }

    [Fact]
    public void EmptyTurn_BehindAReplay_IsLeftToTheNextThingThatUpstreamHears()
    {
        var s = Scenario.Live().Audio(600).Audio(1_000, voiced: false).Audio(600).Audio(1_000, voiced: false).Lost().Ready().Flushed(3_200);
        s.Transcribed("one").TurnComplete().ExpectNo<Effect.SendUpstream>().ExpectNo<Effect.ForwardTurnEnd>();
        s.Elapsed().Expect<Effect.SendUpstream>();

        // Where nothing else was said, nothing else can come.
        s = Asked().Lost().Ready().Flushed(3_200).Transcribed("question").TurnComplete();
        s.Expect<Effect.SendUpstream>();
    }

    [Fact]
    public void TurnWithTranscriptAndNoSound_IsNoAnswer()
    {
        var s = Asked().Server(ServerParts.ServerContent | ServerParts.OutputTranscription, output: "Silent words.").GenerationComplete().TurnComplete();
        s.ExpectNo<Effect.ForwardTurnEnd>().Expect<Effect.SendUpstream>();
        s.Spoken(40, "Loud words.").GenerationComplete().TurnComplete();
        Assert.Equal("Loud words.", Assert.Single(s.Commits).Model!.Text);
    }

    [Fact]
    public void DeadUpstream_InMidReply_IsFoundAfterTheUsersNextWords()
    {
        var s = Scenario.Live(manual: true).Client(InputTraits.ActivityStart).Audio(400).Client(InputTraits.ActivityEnd).Spoken(200, "I was");
        s.Client(InputTraits.ActivityStart).Audio(400).Client(InputTraits.ActivityEnd);
        s.Elapsed().Expect<Effect.SendUpstream>();
        s.Elapsed().Expect<Effect.CloseLink>();
        Assert.Equal(TurnEnding.Cut, Assert.Single(s.Commits).Ending);
    }

    [Fact]
    public void ReplyThatIsStillPlaying_IsNoStall()
    {
        var s = Scenario.Live(manual: true).Client(InputTraits.Text, text: "first").Spoken(9_000, "A long answer.").GenerationComplete();
        s.Client(InputTraits.Text, text: "second").Elapsed();
        s.ExpectNo<Effect.SendUpstream>();
        Assert.Contains(DeadlineKind.Stall, s.State.Armed.Keys);
    }

    [Fact]
    public void WordsTypedIntoAReply_AreOwedAnAnswer_ThoughNoMicrophoneEverTellsThatTheUserIsDone()
    {
        var s = Scenario.Live().Client(InputTraits.Text, text: "first").Spoken(400, "An answer.").Client(InputTraits.Text, text: "second");
        s.GenerationComplete().TurnComplete().ExpectTurn<TurnState.AwaitingModel>();
        s.Elapsed().Expect<Effect.SendUpstream>();
    }

    private static Scenario Asked(bool silent = false)
    {
        var s = Scenario.Live();
        s.State = s.State with { Rules = s.State.Rules with { Model = new ModelTraits { MayStaySilent = silent } } };
        return s.Audio(600).Transcribed("question").Audio(1_000, voiced: false);
    }

    private static string Upstream(Scenario s) => Encoding.UTF8.GetString(s.Expect<Effect.SendUpstream>().Frame.Span);
}

internal static class Overdue
{
    /// <summary>Nothing comes for as long as an answer may take.</summary>
    public static Scenario Elapsed(this Scenario s)
    {
        Assert.Contains(DeadlineKind.Stall, s.State.Armed.Keys);
        return s.After(s.State.Rules.Policy.StallMs).Elapse(DeadlineKind.Stall);
    }
}
