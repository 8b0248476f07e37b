using Gemini.Live.Scanning;
using Orchestrator.Attach;
using Orchestrator.Grains.Conversations;
using Orchestrator.Grains.Tests.Conversations;
using Orchestrator.Grains.Tools;
using Xunit;

namespace Orchestrator.Grains.Tests.Tools;

/// <summary>A model that ends the connection when it hears something while a call is pending.</summary>
public sealed class InputDuringCallTests
{
    private const string Unsupported = "Operation is not implemented, or supported, or enabled.";

    [Fact]
    public void Call_HoldsInput_UntilItsResultIsHere()
    {
        var s = Delicate().Asked().ExpectNo<Effect.HoldInput>().Call(("c1", "f", "{}"));
        s.Expect<Effect.HoldInput>();
        Assert.Equal(s.Now + 10_000, Armed(s)!.AtMs);
        s.Audio(200).ExpectNo<Effect.HoldInput>().ExpectNo<Effect.ReleaseInput>();

        // It must not wait behind what is held.
        s.AnswerFor("c1").Expect<Effect.QuarantineInput>();
        Assert.Single(s.Last.SentUp());
        s.Expect<Effect.ReleaseInput>();
        Assert.DoesNotContain(DeadlineKind.CallHold, s.State.Armed.Keys);
        Assert.Equal(CallHold.None, s.State.HoldsForCall);
    }

    [Fact]
    public void SecondCall_HoldsAgain()
    {
        var s = Delicate().Asked().Call(("c1", "f", "{}")).AnswerFor("c1").Call(("c2", "g", "{}"));
        s.Expect<Effect.HoldInput>();
        s.Call(("c3", "h", "{}")).ExpectNo<Effect.HoldInput>();
    }

    [Fact]
    public void ResultThatDoesNotCome_IsWaitedForTenSeconds_AndNotAgain()
    {
        var s = Delicate().Asked().Call(("c1", "f", "{}")).After(10_000).Elapse(DeadlineKind.CallHold);
        Assert.Equal("callHoldGivenUp", s.Expect<Effect.Count>().What);
        s.Expect<Effect.ReleaseInput>();
        Assert.Equal(CallHold.GivenUp, s.State.HoldsForCall);
        s.Audio(40).Transcribed("hello?").ExpectNo<Effect.HoldInput>();
        // It goes as it came, and nothing is left to release.
        s.AnswerFor("c1").ExpectNo<Effect.QuarantineInput>().ExpectNo<Effect.ReleaseInput>();
        s.Call(("c2", "g", "{}")).Expect<Effect.HoldInput>();
    }

    [Fact]
    public void OtherModels_HearTheUserDuringACall() => Scenario.Live().Asked().Call(("c1", "f", "{}")).ExpectNo<Effect.HoldInput>();

    [Fact]
    public void LostLink_HoldsNothing()
    {
        var s = Delicate().Asked().Call(("c1", "f", "{}")).Lost(1011);
        s.ExpectNo<Effect.ReleaseInput>();
        Assert.Equal(CallHold.None, s.State.HoldsForCall);
        Assert.DoesNotContain(DeadlineKind.CallHold, s.State.Armed.Keys);
    }

    [Fact]
    public void LinkThatWasLostToIt_IsReplacedInSilence_UntilTheTurnIsSettled()
    {
        var s = Broken();
        Assert.True(s.State.IsCareful);
        var question = s.State.Media.LastMeaningful;
        s.Server(ServerParts.SetupComplete);
        // The question, the silence that ends it (40 frames of 20 ms) and a little more.
        Assert.Equal(question + 45, s.Expect<Effect.HoldInputAfter>().Position);
        Assert.True(s.Last.ToList().IndexOf(s.Expect<Effect.HoldInputAfter>()) < s.Last.ToList().IndexOf(s.Expect<Effect.SendInputAfter>()));
        Assert.Equal(s.Now + 10_000, Armed(s)!.AtMs);
        s.State.Media.SentTo = question + 45;
        s.Flushed().ExpectNo<Effect.ReleaseInput>();
        s.Call(("d1", "f", "{}")).AnswerFor("c1").ExpectNo<Effect.ReleaseInput>();
        s.Spoken(400).Expect<Effect.ReleaseInput>();
        s.GenerationComplete().TurnComplete();
        Assert.False(s.State.IsCareful);
    }

    [Fact]
    public void ManualActivity_NeedsNoSilenceBehindTheQuestion()
    {
        var s = Delicate(manual: true).Client(InputTraits.ActivityStart).Audio(400).Client(InputTraits.ActivityEnd);
        s.Call(("c1", "f", "{}"));
        s.Audio(2_000, voiced: false).Lost(1008, Unsupported).Server(ServerParts.SetupComplete);
        Assert.Equal(s.State.Media.LastMeaningful, s.Expect<Effect.HoldInputAfter>().Position);
    }

    [Fact]
    public void TypedQuestion_NeedsNoSilenceBehindItEither()
    {
        var s = Delicate().Client(InputTraits.Text, text: "question").Call(("c1", "f", "{}")).Audio(2_000, voiced: false);
        s.Lost(1008, Unsupported).Server(ServerParts.SetupComplete);
        Assert.Equal(s.State.Media.LastMeaningful, s.Expect<Effect.HoldInputAfter>().Position);
    }

    [Theory]
    [InlineData(InputTraits.Text)]
    [InlineData(InputTraits.Audio | InputTraits.Voiced)]
    public void WhatWasSaidBehindTheQuestion_WaitsOnceMore(InputTraits next)
    {
        var s = Delicate().Asked();
        var question = s.State.Media.LastMeaningful;
        s.Call(("c1", "f", "{}")).Client(next, text: next == InputTraits.Text ? "and then" : null).Lost(1008, Unsupported);
        Assert.True(s.State.Media.LastMeaningful > question);
        s.Server(ServerParts.SetupComplete);
        Assert.Equal(question + 45, s.Expect<Effect.HoldInputAfter>().Position);
    }

    [Fact]
    public void WhatIsSaidBeforeTheQuestionIsOver_BelongsToIt()
    {
        var s = Delicate().Audio(600).Audio(500, voiced: false).Transcribed("question").Call(("c1", "f", "{}")).Audio(400).Audio(2_000, voiced: false);
        var said = s.State.Media.LastMeaningful;
        s.Lost(1008, Unsupported).Server(ServerParts.SetupComplete);
        Assert.Equal(said + 45, s.Expect<Effect.HoldInputAfter>().Position);
    }

    [Fact]
    public void SeedThatIsAnsweredFirst_DoesNotReleaseWhatIsHeld()
    {
        var s = Delicate();
        s.State = s.State with { Rules = s.State.Rules with { Model = s.State.Rules.Model with { SeedEndsWithUser = true } } };
        s.WholeTurn().Asked().Call(("c1", "f", "{}")).Audio(2_000, voiced: false);
        s.State = s.State with { Checkpoint = null };
        var question = s.State.Media.LastMeaningful;
        s.Lost(1008, Unsupported).Server(ServerParts.SetupComplete).ExpectNo<Effect.HoldInputAfter>();
        s.Server(ServerParts.ServerContent | ServerParts.ModelAudio);
        Assert.Equal(question + 45, s.Expect<Effect.HoldInputAfter>().Position);
        s.ExpectNo<Effect.HoldInput>().ExpectNo<Effect.ReleaseInput>();
        s.TurnComplete().ExpectNo<Effect.HoldInput>().ExpectNo<Effect.ReleaseInput>();
        Assert.Equal(CallHold.On, s.State.HoldsForCall);
        s.Call(("d1", "f", "{}")).AnswerFor("c1").Spoken(400).Expect<Effect.ReleaseInput>();
    }

    [Fact]
    public void ShortSilence_IsAllThatThereIs()
    {
        var s = Delicate().Audio(600).Audio(820, voiced: false).Transcribed("question").Call(("c1", "f", "{}")).Lost(1008, Unsupported).Server(ServerParts.SetupComplete);
        Assert.Equal(s.State.Media.LastInput, s.Expect<Effect.HoldInputAfter>().Position);
    }

    [Fact]
    public void OtherEnds_AndOtherModels_CallForNoCare()
    {
        Assert.False(Delicate().Asked().Call(("c1", "f", "{}")).Lost(1011).State.IsCareful);
        Assert.False(Scenario.Live().Asked().Call(("c1", "f", "{}")).Lost(1008, Unsupported).State.IsCareful);
        Delicate().Asked().Lost(1011).Server(ServerParts.SetupComplete).ExpectNo<Effect.HoldInputAfter>();
    }

    private static Scenario Broken() => Delicate().Asked().Call(("c1", "f", "{}")).Audio(2_000, voiced: false).Lost(1008, Unsupported);

    private static Scenario Delicate(bool manual = false)
    {
        var s = Scenario.Live(manual);
        s.State = s.State with { Rules = s.State.Rules with { Model = new ModelTraits { RefusesInputDuringCall = true } } };
        return s;
    }

    private static Effect.ArmDeadline? Armed(Scenario s) => s.Last.OfType<Effect.ArmDeadline>().SingleOrDefault(armed => armed.Kind == DeadlineKind.CallHold);
}
