using System.Collections.Immutable;
using Gemini.Live.Scanning;
using Orchestrator.Attach;
using Orchestrator.Grains.Conversations;
using Orchestrator.Grains.Recovery;
using Orchestrator.Grains.Tests.Conversations;
using Orchestrator.Grains.Tools;
using Orchestrator.Grains.Turns;
using Orchestrator.Journal;
using Xunit;

namespace Orchestrator.Grains.Tests.Tools;

/// <summary>P5 on the pure step: calls and results on one connection and across several.</summary>
public sealed class ToolStepTests
{
    private static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Call_IsDurableBeforeTheClientHearsOfIt()
    {
        var s = Scenario.Live().Asked().Call(("c1", "f", "{}"));
        var append = Assert.Single(s.Last.OfType<Effect.Append>(), append => append.Fact is ToolCalled);
        Assert.Equal(Durability.Flushed, append.Durability);
        Assert.Equal(append.Position, s.Expect<Effect.ForwardFrame>().AfterFact);
        Assert.Equal(["c1"], s.Expect<Effect.ForwardFrame>().Calls);
        s.ExpectTurn<TurnState.ToolPending>();
    }

    [Fact]
    public void Result_OnTheSameConnection_GoesUpAsItCame()
    {
        var s = Scenario.Live().Asked().Call(("c1", "f", "{}")).AnswerFor("c1");
        s.ExpectNo<Effect.SendUpstream>().ExpectNo<Effect.QuarantineInput>().ExpectTurn<TurnState.AwaitingModel>();
        Assert.Equal("c1", s.Expect<Effect.ConfirmCall>().Id);
    }

    [Fact]
    public void Id_ThatUpstreamUsesAgain_IsAnotherOneForTheClient()
    {
        var s = Scenario.Live().Asked().Call(("c1", "f", "{}")).AnswerFor("c1").Spoken(40).GenerationComplete().TurnComplete();
        s.Asked().Call(("c1", "g", """{"x":1}"""));
        var call = Assert.Single(s.Last.SentDown())["toolCall"]!["functionCalls"]![0]!;
        Assert.Equal("""{"id":"c1_2","name":"g","args":{"x":1},"extra":1}""", call.ToJsonString());
        Assert.NotEqual(0, s.Expect<Effect.SendToClient>().AfterFact);
        s.ExpectNo<Effect.ForwardFrame>();

        s.Answer("""{"id":"c1_2","name":"g","response":{"a":1},"scheduling":"INTERRUPT","parts":[]}""");
        Assert.Equal("""{"id":"c1","name":"g","response":{"a":1},"scheduling":"INTERRUPT","parts":[]}""", Assert.Single(s.Last.SentUp()).ToJsonString());
        s.Expect<Effect.QuarantineInput>();
        Assert.Equal(["c1", "c1_2"], s.Facts.OfType<ToolAnswered>().Select(answered => answered.Id));
    }

    [Fact]
    public void Results_KnownAndNot_OnlyTheKnownGoUp()
    {
        var s = Scenario.Live().Asked().Call(("c1", "f", "{}"));
        s.Answer("""{"id":"nobody","name":"f","response":{}}""", """{"id":"c1","name":"f","response":{}}""");
        Assert.Equal("c1", Assert.Single(s.Last.SentUp())["id"]!.GetValue<string>());
        s.Expect<Effect.QuarantineInput>();
        // Once more: it is answered.
        s.AnswerFor("c1").ExpectNo<Effect.SendUpstream>().Expect<Effect.QuarantineInput>();
    }

    [Fact]
    public void CallMadeAgain_WithAResult_IsAnsweredFromTheBook()
    {
        var s = Scenario.Live().Asked().Call(("c1", "f", "{}")).AnswerFor("c1", "42").Lost().Ready();
        s.Transcribed("question").Call(("d1", "f", "{}"));
        var sent = Assert.Single(s.Last.SentUp());
        Assert.Equal("d1", sent["id"]!.GetValue<string>());
        Assert.Equal(42, sent["response"]!["output"]!.GetValue<int>());
        s.ExpectNo<Effect.ForwardFrame>().ExpectNo<Effect.SendToClient>().ExpectTurn<TurnState.AwaitingModel>();
        Assert.Single(s.Facts.OfType<ToolCalled>());
    }

    [Fact]
    public void CallMadeAgain_WhileTheClientIsAtIt_IsAnsweredUnderItsNewId()
    {
        var s = Scenario.Live().Asked().Call(("c1", "f", "{}")).Lost().Ready();
        s.Call(("d1", "f", "{}")).ExpectNo<Effect.ForwardFrame>().ExpectNo<Effect.SendToClient>().ExpectNo<Effect.SendUpstream>().ExpectTurn<TurnState.ToolPending>();
        s.AnswerFor("c1", "7");
        Assert.Equal("d1", Assert.Single(s.Last.SentUp())["id"]!.GetValue<string>());
        s.ExpectTurn<TurnState.AwaitingModel>();
    }

    [Fact]
    public void Result_WithoutALink_WaitsForTheSuccessorToAsk()
    {
        var s = Scenario.Live().Asked().Call(("c1", "f", "{}")).Lost();
        s.AnswerFor("c1", "7").ExpectNo<Effect.SendUpstream>().Expect<Effect.QuarantineInput>();
        s.Ready();
        Assert.Empty(s.Last.Told());
        s.Call(("d1", "f", "{}"));
        Assert.Equal(7, Assert.Single(s.Last.SentUp())["response"]!["output"]!.GetValue<int>());
    }

    [Fact]
    public void EqualCalls_AreToldApartByArguments_ThenByOrder()
    {
        var s = Scenario.Live().Asked().Call(("a", "f", """{"x":1}"""), ("b", "f", """{"x":2}"""), ("c", "f", """{"x":3}"""));
        s.AnswerFor("a", "1").AnswerFor("b", "2").AnswerFor("c", "3").Lost().Ready();
        s.Call(("u", "f", """{"x":2}"""), ("v", "f", """{"x":9}"""), ("w", "f", """{"x":3}"""));
        Assert.Equal(["u:2", "v:1", "w:3"], s.Last.SentUp().Select(sent => $"{sent["id"]}:{sent["response"]!["output"]}"));
        // A fourth is a new one.
        s.Call(("x", "f", """{"x":2}"""));
        Assert.Equal(["x"], s.Expect<Effect.ForwardFrame>().Calls);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void CallForTheNewerOfTwoQuestions_IsKept_WhenOnlyTheOlderIsAnsweredAnew(bool answered)
    {
        var s = Scenario.Live().Asked().Asked().Call(("c1", "f", "{}"));
        if (answered)
        {
            s.AnswerFor("c1", "42");
        }

        // Behind the replay the newer question interrupts the answer to the older.
        s.Lost().Ready().Spoken(400, "As to the first").Interrupted().TurnComplete();
        Assert.Equal(30, Assert.Single(s.Commits).InputTo);
        Assert.Empty(s.Facts.OfType<ToolCancelled>());

        s.Call(("d1", "f", "{}"));
        Assert.Single(s.Facts.OfType<ToolCalled>());
        if (!answered)
        {
            s.AnswerFor("c1", "42");
        }

        Assert.Equal("d1", Assert.Single(s.Last.SentUp())["id"]!.GetValue<string>());
        s.Spoken(40, "It is 42.").GenerationComplete().TurnComplete();
        Assert.True(Assert.Single(s.State.Tools.All).IsSettled);
    }

    [Fact]
    public void CallForTheNewerOfTwoQuestions_IsKept_WhenItAnsweredAnotherOfTheOlder()
    {
        var s = Scenario.Live().Asked().Asked().Call(("c1", "f", """{"x":2}""")).AnswerFor("c1", "42");
        // The model is taken to have been asked both, until the newer interrupts.
        s.Lost().Ready().Call(("d1", "f", """{"x":1}""")).Interrupted().TurnComplete();
        Assert.Equal(30, Assert.Single(s.Commits).InputTo);

        s.Call(("d2", "f", """{"x":2}"""));
        Assert.Single(s.Facts.OfType<ToolCalled>());
        Assert.Equal("d2:42", Assert.Single(s.Last.SentUp().Select(sent => $"{sent["id"]}:{sent["response"]!["output"]}")));
        s.Spoken(40, "It is 42.").GenerationComplete().TurnComplete();
        Assert.True(Assert.Single(s.State.Tools.All).IsSettled);
    }

    [Fact]
    public void CallForTheNewerOfTwoQuestions_IsKept_WhenItAnsweredAnotherOfTheOlder_OnMoreThanOneConnection()
    {
        var s = Scenario.Live().Asked().Asked().Call(("c1", "f", """{"x":2}""")).AnswerFor("c1", "42");
        foreach (var id in (ReadOnlySpan<string>)["d1", "e1"])
        {
            // The pump has not come to the newer when the reply to the older begins.
            s.Lost().Ready().State.Media.SentTo = 80;
            s.Call((id, "f", """{"x":1}"""));
        }

        s.Spoken(400, "As to the first").GenerationComplete().TurnComplete().Committed();
        Assert.Equal(80, Assert.Single(s.Commits).InputTo);

        s.State.Media.SentTo = s.State.Media.LastInput;
        s.Call(("e2", "f", """{"x":2}"""));
        Assert.Single(s.Facts.OfType<ToolCalled>());
        Assert.Equal("e2:42", Assert.Single(s.Last.SentUp().Select(sent => $"{sent["id"]}:{sent["response"]!["output"]}")));
    }

    [Fact]
    public void LateResult_IsNotTold_WhileUpstreamHasAQuestionToHear()
    {
        var s = Scenario.Live().Asked().Call(("c1", "f", "{}")).TurnComplete().Committed().Asked().Lost().Ready().AnswerFor("c1", "7");
        s.State = s.State with { Link = ((LinkState.Live)s.State.Link) with { BehindUntil = s.Now + 1 } };
        Assert.Empty(s.Elapse(DeadlineKind.ToolNotes).Last.Told());
        s.After(1);
        Assert.Single(s.Elapse(DeadlineKind.ToolNotes).Last.Told());
    }

    [Fact]
    public void RepeatableCall_MadeAgain_IsAskedAnew()
    {
        var s = new Scenario(attached: false);
        s.State = s.State with { Rules = s.State.Rules with { RepeatableTools = ["f"] } };
        s.Attach().Ready().Asked().Call(("c1", "f", "{}")).Lost().Ready().Call(("d1", "f", "{}"));
        Assert.Equal(["d1"], s.Expect<Effect.ForwardFrame>().Calls);
        s.AnswerFor("c1").ExpectNo<Effect.SendUpstream>().Expect<Effect.QuarantineInput>();
    }

    [Fact]
    public void CallOfASettledTurn_AnsweredOnAnotherConnection_IsToldOnce_UntilATurnHasSeenIt()
    {
        var s = Scenario.Live().Asked().Call(("c1", "f", """{"x":1}""")).TurnComplete().Committed();
        s.ExpectTurn<TurnState.Idle>();
        Assert.Null(s.State.Hold);
        s.Lost().Ready();
        Assert.Contains("""[system note: you called f({"x":1}); its result is pending]""", s.Last.Seeded());
        s.AnswerFor("c1", "7");
        const string note = """[system note: the function f({"x":1}) that you called has returned: {"output":7}]""";
        Assert.Equal(note, Assert.Single(s.Last.Told()));
        s.ExpectTurn<TurnState.AwaitingModel>();

        // Lost before the model could say anything about it: told again, and only then.
        s.Lost().Ready();
        Assert.Equal(note, Assert.Single(s.Last.Told()));
        s.After(400).Spoken(40, "it is 7").GenerationComplete().TurnComplete().Committed();
        Assert.Empty(s.Last.Told());
        s.Lost().Ready();
        Assert.Empty(s.Last.Told());
        Assert.Contains("""[system note: you called f({"x":1}) and it returned {"output":7}]""", s.Last.Seeded());
    }

    [Fact]
    public void ReplyAboutAResult_CutOff_IsAskedForByTheResultAlone()
    {
        var s = Scenario.Live().Asked().Call(("c1", "f", "{}")).TurnComplete().Committed().AnswerFor("c1", "7").Spoken(400, "it is");
        s.Lost().Ready();
        Assert.StartsWith("[system note: the function f({}) that you called has returned", Assert.Single(s.Last.Told()), StringComparison.Ordinal);
        s.Spoken(400, "it is 7").GenerationComplete().TurnComplete().ExpectTurn<TurnState.Idle>();
        Assert.Equal("it is 7", s.Commits[^1].Model!.Text);
    }

    [Fact]
    public void LateResult_WaitsForTheRestOfACutReply()
    {
        var s = Scenario.Live();
        s.State = s.State with { Rules = s.State.Rules with { Policy = s.State.Rules.Policy with { CutReplies = CutReplies.Continue } } };
        s.Asked().Call(("c1", "f", "{}")).TurnComplete().Committed().Asked().Spoken(400, "The answer").Lost();
        s.AnswerFor("c1", "7").Ready();
        Assert.Contains("say the rest", Assert.Single(s.Last.Told()), StringComparison.Ordinal);
        s.Spoken(400, " is forty-two.").GenerationComplete().TurnComplete();
        Assert.Contains("has returned", Assert.Single(s.Last.Told()), StringComparison.Ordinal);
    }

    [Fact]
    public void WordsFromBeforeTheResult_DoNotInterruptWhatIsSaidOfIt()
    {
        var s = Scenario.Live(manual: true).Client(InputTraits.Text, text: "one").Client(InputTraits.Text, text: "two");
        s.Call(("c1", "f", "{}")).AnswerFor("c1").Spoken(40, "Yes, ");
        s.Interrupted().ExpectNo<Effect.ForwardFrame>().TurnComplete().ExpectNo<Effect.ForwardTurnEnd>();
        s.Spoken(40, "both.").GenerationComplete().TurnComplete();
        Assert.Equal(("one\ntwo", "Yes, both.", TurnEnding.Completed), (Assert.Single(s.Commits).User!.Text, s.Commits[0].Model!.Text, s.Commits[0].Ending));
    }

    [Fact]
    public void WordsThatFollowTheResultOfASettledCall_InterruptWhatIsSaidOfIt()
    {
        var s = Scenario.Live().Client(InputTraits.Text, text: "one").Call(("c1", "f", "{}")).GenerationComplete().TurnComplete().AnswerFor("c1");
        s.After(400).Client(InputTraits.Text, text: "two").After(400).Spoken(40, "It is ").Interrupted();
        Assert.Contains(s.Last, effect => effect is Effect.DiscardAudio);
        s.TurnComplete();
        Assert.Equal(TurnEnding.Interrupted, s.Commits[1].Ending);
        Assert.True(s.State.Draft.IsOwed);
    }

    [Fact]
    public void ReplyThatBeginsWhenAResultIsTold_IsNotAboutIt()
    {
        var s = Scenario.Live().Asked().Call(("c1", "f", "{}")).GenerationComplete().TurnComplete().Lost().Ready();
        Assert.Single(s.AnswerFor("c1").Last.Told());
        s.After(199).Spoken(40, "By the way");
        Assert.True(s.State.Tools.HasToSpeakAbout(s.Link));
        s.GenerationComplete().TurnComplete().After(1).Spoken(40, "It is so.");
        Assert.False(s.State.Tools.HasToSpeakAbout(s.Link));
    }

    [Fact]
    public void ResultThatIsToldAgain_IsStillToBeSpokenAbout()
    {
        var s = Scenario.Live().Asked().Call(("c1", "f", "{}")).GenerationComplete().TurnComplete().Lost().Ready().AnswerFor("c1");
        s.After(400).Spoken(40, "It is").Lost().Ready();
        Assert.Single(s.Last.Told());
        Assert.True(s.State.Tools.HasToSpeakAbout(s.Link));
    }

    [Fact]
    public void LateResult_WhileTheModelSpeaks_WaitsForThePause()
    {
        var s = Scenario.Live().Asked().Call(("c1", "f", "{}")).TurnComplete().Committed().Lost().Ready();
        s.Asked().Spoken(40, "well").AnswerFor("c1");
        Assert.Empty(s.Last.Told());
        s.Spoken(40, "then").GenerationComplete().TurnComplete();
        Assert.Single(s.Last.Told());
        Assert.Null(s.State.Hold);
    }

    [Fact]
    public void Seed_TellsTheCallsOfTheTurnThatIsReplayed_AtItsEnd()
    {
        var s = Scenario.Live().WholeTurn();
        s.Asked().Call(("c1", "f", "{}"), ("c2", "g", "{}")).AnswerFor("c1", "7").Lost(1008, "BidiGenerateContent session not found");
        s.Ready().Lost(1008, "BidiGenerateContent session not found").Ready();
        var seed = s.Last.Seeded();
        Assert.Equal("""[system note: for what the user says next you have already called f({}) and it returned {"output":7}]""", seed[^2]);
        Assert.Equal("[system note: for what the user says next you have already called g({}); its result is pending]", seed[^1]);
    }

    [Fact]
    public void CallThatTheRegeneratedTurnDoesNotMake_IsWithdrawn_AndItsResultSwallowed()
    {
        var s = Scenario.Live().Asked().Call(("c1", "f", "{}")).Lost().Ready().Spoken(40, "never mind").GenerationComplete().TurnComplete();
        Assert.Equal("""{"toolCallCancellation":{"ids":["c1"]}}""", s.Last.SentDown()[0].ToJsonString());
        Assert.Equal("c1", s.Facts.OfType<ToolCancelled>().Single().Id);
        s.AnswerFor("c1").ExpectNo<Effect.SendUpstream>().Expect<Effect.QuarantineInput>();
    }

    [Fact]
    public void Cancellation_ReachesTheClientUnderItsOwnId_OrNotAtAll()
    {
        var s = Scenario.Live().Asked().Call(("c1", "f", "{}"), ("c2", "g", "{}")).AnswerFor("c1").Lost().Ready();
        s.Call(("d1", "f", "{}"), ("d2", "g", "{}"));
        s.Withdraw("d1", "d2");
        Assert.Equal("""{"toolCallCancellation":{"ids":["c2"]}}""", Assert.Single(s.Last.SentDown()).ToJsonString());
        s.ExpectNo<Effect.ForwardFrame>();
        s.Withdraw("d1").ExpectNo<Effect.ForwardFrame>().ExpectNo<Effect.SendToClient>();
    }

    /// <summary>Called again behind a replay, answered from the book, and interrupted before that answer was heard.</summary>
    [Fact]
    public void Cancellation_OfACallThatTheBookHasAnswered_LeavesItsResultToBeTold()
    {
        var s = Scenario.Live().Asked().Call(("c1", "f", "{}")).AnswerFor("c1", "7").Lost().Ready().Call(("d1", "f", "{}"));
        Assert.Single(s.Last.SentUp());
        s.Audio(600).Withdraw("d1").Interrupted().TurnComplete();
        Assert.Single(s.Commits);
        s.Audio(1_000, voiced: false).Transcribed("next").Spoken(40, "Yes.").GenerationComplete().TurnComplete();
        Assert.Contains("has returned: {\"output\":7}", Assert.Single(s.Last.Told()), StringComparison.Ordinal);
    }

    [Fact]
    public void Cancellation_ThatCrossesTheAnswer_StillReachesTheClient()
    {
        var s = Scenario.Live().Asked().Call(("c1", "f", "{}")).AnswerFor("c1").Withdraw("c1");
        s.Expect<Effect.ForwardFrame>();
        Assert.Equal("c1", s.Expect<Effect.ForgetCall>().Id);
    }

    [Fact]
    public void CancelledCall_MadeAgain_IsAnErrorAndNotRunTwice()
    {
        var s = Scenario.Live().Asked().Call(("c1", "f", "{}")).Withdraw("c1").Lost().Ready().Call(("d1", "f", "{}"));
        Assert.NotNull(Assert.Single(s.Last.SentUp())["response"]!["error"]);
        s.ExpectNo<Effect.ForwardFrame>();
    }

    [Fact]
    public void PartialResults_GoOnUnderTheNewId()
    {
        var s = Scenario.Live().Asked().Call(("c1", "f", "{}"));
        s.Answer("""{"id":"c1","name":"f","response":{"n":1},"willContinue":true}""").ExpectTurn<TurnState.ToolPending>();
        s.Lost().Ready().Call(("d1", "f", "{}"));
        Assert.Equal("""{"id":"d1","name":"f","response":{"n":1},"willContinue":true}""", Assert.Single(s.Last.SentUp()).ToJsonString());
        s.Answer("""{"id":"c1","name":"f","response":{"n":2}}""");
        Assert.Equal("""{"id":"d1","name":"f","response":{"n":2}}""", Assert.Single(s.Last.SentUp()).ToJsonString());
        Assert.Equal([true, false], s.Facts.OfType<ToolAnswered>().Select(answered => answered.WillContinue));
    }

    [Fact]
    public void Restored_CallWithUnknownOutcome_IsAnErrorWhenMadeAgain_ALateAnswerCounts()
    {
        var before = Scenario.Live().Asked().Call(("c1", "f", "{}"), ("c2", "g", "{}")).TurnComplete();
        before.Asked().Call(("c3", "h", "{}"));
        var entries = before.All.OfType<Effect.Append>().Select(append => new JournalEntry(append.Position, Start, append.Fact)).ToList();
        var s = new Scenario(attached: false) { State = ConversationHistory.Restore(before.State.Rules, entries) };
        s.Attach().Ready();
        Assert.Contains("[system note: you called f({}); its outcome is not known]", s.Last.Seeded());
        // Its client is still there after all.
        s.AnswerFor("c1", "7");
        Assert.Contains("has returned: {\"output\":7}", Assert.Single(s.Last.Told()), StringComparison.Ordinal);
        s.Spoken(40, "7").GenerationComplete().TurnComplete();

        var again = new Scenario(attached: false) { State = ConversationHistory.Restore(before.State.Rules, entries) };
        again.Attach().Ready().Asked().Call(("d3", "h", "{}"));
        Assert.NotNull(Assert.Single(again.Last.SentUp())["response"]!["error"]);
        again.ExpectNo<Effect.ForwardFrame>();
        Assert.Equal("c3", again.Facts.OfType<ToolAnswered>().Single().Id);
    }

    [Fact]
    public void Restored_AnsweredCall_IsRemembered_AndItsIdIsTaken()
    {
        var before = Scenario.Live().Asked().Call(("c1", "f", "{}")).AnswerFor("c1", "7").Spoken(40, "7").GenerationComplete().TurnComplete();
        var entries = before.All.OfType<Effect.Append>().Select(append => new JournalEntry(append.Position, Start, append.Fact)).ToList();
        var s = new Scenario(attached: false) { State = ConversationHistory.Restore(before.State.Rules, entries) };
        s.Attach().Ready();
        Assert.Contains("""[system note: you called f({}) and it returned {"output":7}]""", s.Last.Seeded());
        Assert.Empty(s.Last.Told());
        s.Asked().Call(("c1", "f", "{}"));
        Assert.Equal(["c1_2"], s.Expect<Effect.SendToClient>().Calls);
    }

    [Fact]
    public void Result_ThatTheModelThinksAboutFirst_IsSpokenAboutAllTheSame()
    {
        var s = Scenario.Live().Asked().Call(("c1", "f", "{}")).AnswerFor("c1");
        s.Server(ServerParts.ServerContent | ServerParts.ModelThought).Spoken(40).GenerationComplete().TurnComplete();
        Assert.True(Assert.Single(s.State.Tools.All).IsSeen);
        s.Expect<Effect.HoldInput>();
    }

    [Fact]
    public void OpenCall_IsNoBoundary_AnAnsweredOneThatWasSpokenAboutIs()
    {
        var s = Scenario.Live().Asked().Call(("c1", "f", "{}")).TurnComplete().ExpectNo<Effect.HoldInput>();
        s.AnswerFor("c1").Spoken(40, "done").GenerationComplete().TurnComplete().Expect<Effect.HoldInput>();
    }

    [Fact]
    public void UnpromptedTurn_AfterACheckpoint_IsNotLostByResumingIt()
    {
        var s = Scenario.Live().WholeTurn("h1");
        s.Spoken(40, "by the way").GenerationComplete().TurnComplete().Committed().Lost();
        Assert.IsType<ResumePlan.Seed>(s.Expect<Effect.OpenLink>().Plan);
    }

    [Fact]
    public void RefusedResult_IsNotRepeated()
    {
        var s = Scenario.Live().WholeTurn().Asked().Call(("c1", "f", "{}")).AnswerFor("c1");
        s.Lost(1007, "Invalid value at 'tool_response.function_responses[0].scheduling'").Ready().Call(("d1", "f", "{}"));
        Assert.NotNull(Assert.Single(s.Last.SentUp())["response"]!["error"]);
    }
}
