using System.Text;
using Gemini.Live.Scanning;
using Orchestrator.Attach;
using Orchestrator.Grains.Conversations;
using Orchestrator.Grains.Tests.Conversations;
using Orchestrator.Grains.Turns;
using Orchestrator.Journal;
using Xunit;

namespace Orchestrator.Grains.Tests.Recovery;

/// <summary>A turn that upstream ends in the middle of a sentence.</summary>
public sealed class EarlyEndTests
{
    [Fact]
    public void EndInMidSentence_AsksForTheRest_AndTheClientSeesOneTurn()
    {
        var s = Cut("The answer is").TurnComplete().ExpectNo<Effect.ForwardTurnEnd>();
        Assert.Contains("say the rest", Encoding.UTF8.GetString(s.Expect<Effect.SendUpstream>().Frame.Span), StringComparison.Ordinal);
        Assert.Empty(s.Commits);

        s.After(300).Server(ServerParts.ServerContent | ServerParts.OutputTranscription, output: " forty-two").Expect<Effect.ForwardFrame>();
        s.Spoken(400);
        s.GenerationComplete().TurnComplete().Expect<Effect.ForwardTurnEnd>();
        var turn = Assert.Single(s.Commits);
        Assert.Equal(("question", "The answer is forty-two", 800), (turn.User!.Text, turn.Model!.Text, turn.Model.AudioMs));
        s.ExpectTurn<TurnState.Idle>();
    }

    [Theory]
    [InlineData("Done.")]
    [InlineData("Done?\" ")]
    [InlineData("終わりです。")]
    [InlineData("Done…”")]
    public void EndOfASentence_IsAnEnd(string text)
    {
        Cut(text).TurnComplete().ExpectNo<Effect.SendUpstream>().Expect<Effect.ForwardTurnEnd>();
    }

    [Fact]
    public void GenerationComplete_IsAnEnd_WhateverTheWords()
    {
        Cut("no full stop").GenerationComplete().TurnComplete().ExpectNo<Effect.SendUpstream>().Expect<Effect.ForwardTurnEnd>();
        Cut("no full stop").Server(ServerParts.ServerContent | ServerParts.GenerationComplete | ServerParts.TurnComplete).Expect<Effect.ForwardTurnEnd>();
    }

    [Fact]
    public void ContentInTheFrameOfTheEnd_ReachesTheClientWithoutTheEnd()
    {
        var s = Cut("The answer").Server(ServerParts.ServerContent | ServerParts.ModelAudio | ServerParts.OutputTranscription | ServerParts.TurnComplete, output: " is", audioMs: 40);
        Assert.True(s.Expect<Effect.ForwardFrame>().WithoutTurnEnd);
        Assert.Equal("The answer is", s.State.Draft.ModelText);
    }

    [Fact]
    public void RestThatDoesNotCome_EndsTheTurn_DurablyFirst()
    {
        var s = Cut("The answer is").TurnComplete().Elapsed();
        var turn = Assert.Single(s.Commits);
        Assert.Equal((TurnEnding.Completed, "The answer is"), (turn.Ending, turn.Model!.Text));
        Assert.Equal(s.State.Journal, s.Expect<Effect.SendToClient>().AfterFact);
        s.ExpectTurn<TurnState.Idle>();
    }

    [Fact]
    public void SecondEarlyEnd_OfTheSameTurn_IsForwarded()
    {
        var s = Cut("The answer is").TurnComplete().Spoken(200, " forty").TurnComplete();
        s.ExpectNo<Effect.SendUpstream>().Expect<Effect.ForwardTurnEnd>();
        Assert.Equal("The answer is forty", Assert.Single(s.Commits).Model!.Text);
    }

    [Fact]
    public void NothingAfterTheNote_IsTheEnd()
    {
        Cut("The answer is").TurnComplete().TurnComplete().Expect<Effect.ForwardTurnEnd>();
    }

    [Fact]
    public void UserWhoGoesOn_EndsTheTurnThatWaitsForItsRest()
    {
        var s = Cut("The answer is").TurnComplete().Client(InputTraits.Text, text: "never mind");
        Assert.Equal("question", Assert.Single(s.Commits).User!.Text);
        s.Expect<Effect.SendToClient>();
        s.ExpectTurn<TurnState.AwaitingModel>();
        s.Spoken(40, "All right.").GenerationComplete().TurnComplete();
        Assert.Equal("never mind", s.Commits[1].User!.Text);

        var spoken = Cut("The answer is").TurnComplete().Audio(200);
        Assert.Single(spoken.Commits);
        spoken.ExpectTurn<TurnState.UserSpeaking>();
    }

    private static Scenario Cut(string text) => Scenario.Live().Audio(600).Transcribed("question").Audio(1_000, voiced: false).Spoken(400, text);
}
