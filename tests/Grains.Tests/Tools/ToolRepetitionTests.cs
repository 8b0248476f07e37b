using Gemini.Live.Scanning;
using Orchestrator.Attach;
using Orchestrator.Grains.Conversations;
using Orchestrator.Grains.Tests.Conversations;
using Orchestrator.Grains.Tools;
using Orchestrator.Grains.Turns;
using Xunit;

namespace Orchestrator.Grains.Tests.Tools;

/// <summary>Calls that are made again, refused or told in words: what is counted, what is said, and who waits for whom.</summary>
public sealed class ToolRepetitionTests
{
    [Fact]
    public void Repetition_IsCounted_ByWhatIsKnownOfTheCall()
    {
        Assert.Equal("toolCallRepeated", Scenario.Live().Asked().Call(("c1", "f", "{}")).Lost().Ready().Call(("d1", "f", "{}")).Expect<Effect.Count>().What);
        Assert.Equal("toolResultRepeated", Scenario.Live().Asked().Call(("c1", "f", "{}")).AnswerFor("c1").Lost().Ready().Call(("d1", "f", "{}")).Expect<Effect.Count>().What);
        Assert.Equal("unknownToolResult", Scenario.Live().AnswerFor("nobody's").Expect<Effect.Count>().What);
        Assert.Equal("toolCancellationSwallowed", Scenario.Live().Withdraw("nobody's").Expect<Effect.Count>().What);
    }

    [Fact]
    public void CallMadeAgain_BelongsToThePresentTurnAndConnection()
    {
        var s = Scenario.Live().WholeTurn().Asked().Call(("c1", "f", "{}")).AnswerFor("c1");
        Assert.Equal(2, s.State.Tools.All[0].Turn);
        s.Spoken(40, "half").Lost().Ready().Call(("d1", "f", "{}"));
        var call = Assert.Single(s.State.Tools.All);
        Assert.Equal((s.State.Turns + 1, "d1", s.Link, s.Link, false), (call.Turn, call.UpstreamId, call.Link, call.ToldOn, call.IsSpokenAbout));
    }

    [Fact]
    public void OpenCallMadeAgain_HasToldNobodyAnything() =>
        Assert.Equal(0, Assert.Single(Scenario.Live().Asked().Call(("c1", "f", "{}")).Lost().Ready().Call(("d1", "f", "{}")).State.Tools.All).ToldOn);

    [Fact]
    public void SilentResult_AsksForNoWords_OnNoConnection()
    {
        const string Silent = """{"id":"c1","name":"f","response":{},"scheduling":"SILENT"}""";
        var s = Scenario.Live().Asked().Call(("c1", "f", "{}")).Answer(Silent);
        Assert.True(s.State.Tools.All[0].IsSpokenAbout);
        Assert.True(s.Lost().Ready().Call(("d1", "f", "{}")).State.Tools.All[0].IsSpokenAbout);

        var idle = Scenario.Live().Asked().Call(("c1", "f", "{}")).TurnComplete().Committed();
        idle.Answer(Silent).ExpectTurn<TurnState.Idle>();
        Scenario.Live().Asked().Call(("c1", "f", "{}")).TurnComplete().Committed().AnswerFor("c1").ExpectTurn<TurnState.AwaitingModel>();
    }

    [Fact]
    public void Failures_SayWhatIsKnown()
    {
        Assert.Equal("the call was cancelled; whether it had any effect is not known", Error(Scenario.Live().Asked().Call(("c1", "f", "{}")).Withdraw("c1").Lost().Ready()));
        Assert.Equal("upstream refused the result of this function", Error(Scenario.Live().WholeTurn().Asked().Call(("c1", "f", "{}")).AnswerFor("c1")
            .Lost(1007, "Invalid value at 'tool_response.function_responses[0].scheduling'").Ready()));

        static string Error(Scenario s) => Assert.Single(s.Call(("d1", "f", "{}")).Last.SentUp())["response"]!["error"]!.GetValue<string>();
    }

    [Fact]
    public void RefusedResult_IsTheOneInTheRefusedFrame()
    {
        var s = Scenario.Live().WholeTurn().Asked().Call(("c1", "f", """{"x":1}"""), ("c2", "f", """{"x":2}""")).AnswerFor("c1", "1").AnswerFor("c2", "2");
        s.Lost(1007, "Invalid value at 'tool_response.function_responses[0].scheduling'").Ready().Call(("d1", "f", """{"x":1}"""), ("d2", "f", """{"x":2}"""));
        Assert.Equal([true, false], s.Last.SentUp().Select(sent => sent["response"]!["error"] is null));
    }

    [Fact]
    public void EmptyResponse_IsUpstreamsToJudge_AndUnderSuspicion()
    {
        var s = Scenario.Live().Answer();
        Assert.Empty(s.Last);
        Assert.Single(s.State.Suspects);
    }

    [Fact]
    public void Result_EndsTheWaitForAHandle()
    {
        var s = Scenario.Live().Asked().Spoken(40, "yes").GenerationComplete().TurnComplete();
        Assert.NotNull(s.State.Hold);
        s.AnswerFor("nobody's").Expect<Effect.ReleaseInput>();
        Assert.Null(s.State.Hold);
    }

    [Fact]
    public void Note_WaitsThreeSecondsForAPause_ThenForNoneButTheModels()
    {
        var s = Owed().Audio(200).AnswerFor("c1", "7");
        Assert.Empty(s.Last.Told());
        Assert.Equal(s.Now + 3_000, s.Last.OfType<Effect.ArmDeadline>().Single(armed => armed.Kind == DeadlineKind.ToolNotes).AtMs);
        s.After(3_000).Elapse(DeadlineKind.ToolNotes);
        Assert.Single(s.Last.Told());
        Assert.Contains(s.Last, effect => effect is Effect.Count { What: "toolResultTold" });

        var speaking = Owed().Asked().Spoken(40, "well").AnswerFor("c1", "7").After(3_000).Elapse(DeadlineKind.ToolNotes);
        Assert.Empty(speaking.Last.Told());
        Assert.Contains(DeadlineKind.ToolNotes, speaking.State.Armed.Keys);
    }

    [Theory]
    [InlineData("", true)]
    [InlineData("and", false)]
    public void Note_InNoise_IsToldWhenTheModelHasSpoken_UnlessSomebodyIsTranscribed(string transcribed, bool told)
    {
        var s = Owed().Flushed().Audio(2_000).Spoken(400, "well.").AnswerFor("c1", "7").Audio(200).Transcribed(transcribed).GenerationComplete();
        Assert.True(s.State.Media.Said.IsNoise);
        Assert.Equal(told ? 1 : 0, s.TurnComplete().Last.Told().Length);
    }

    [Fact]
    public void Note_DoesNotInterruptAnActivity()
    {
        var s = Owed(manual: true).Client(InputTraits.ActivityStart).Audio(200).AnswerFor("c1", "7").After(3_000).Elapse(DeadlineKind.ToolNotes);
        Assert.Empty(s.Last.Told());
        s.Client(InputTraits.ActivityEnd).After(3_000).Elapse(DeadlineKind.ToolNotes);
        Assert.Single(s.Last.Told());
    }

    [Theory]
    [InlineData(8_000, true)]
    [InlineData(0, false)]
    public void Note_BehindAReplay_IsNotWhatTheFirstReplyIsAbout(long replayMs, bool isStillToBeSpokenAbout)
    {
        var s = Owed().Asked().AnswerFor("c1", "7").Lost().Ready().After(3_000).Elapse(DeadlineKind.ToolNotes);
        Assert.Single(s.Last.Told());
        s.Flushed(replayMs).After(400).Spoken(40, "One moment.");
        Assert.Equal(isStillToBeSpokenAbout, s.State.Tools.HasToSpeakAbout(s.Link));

        s.GenerationComplete().TurnComplete().Committed().After(400).Spoken(40, "It is seven.");
        Assert.False(s.State.Tools.HasToSpeakAbout(s.Link));
    }

    [Fact]
    public void WithdrawnCalls_AreForgotten()
    {
        var s = Scenario.Live().Asked().Call(("c1", "f", "{}")).Lost().Ready().Spoken(40, "never mind").GenerationComplete().TurnComplete();
        Assert.Equal("c1", s.Expect<Effect.ForgetCall>().Id);
        s.Spoken(40, "also").GenerationComplete().TurnComplete().ExpectNo<Effect.ForgetCall>();
    }

    /// <summary>A call of a settled turn, on a connection that is gone.</summary>
    private static Scenario Owed(bool manual = false)
    {
        var s = Scenario.Live(manual);
        s = manual ? s.Client(InputTraits.ActivityStart).Audio(400).Client(InputTraits.ActivityEnd) : s.Asked();
        return s.Call(("c1", "f", "{}")).TurnComplete().Committed().Lost().Ready();
    }
}
