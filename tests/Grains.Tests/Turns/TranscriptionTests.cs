using System.Text;
using Gemini.Live.Scanning;
using Orchestrator.Attach;
using Orchestrator.Grains.Conversations;
using Orchestrator.Grains.Recovery;
using Orchestrator.Grains.Tests.Conversations;
using Orchestrator.Journal;
using Xunit;

namespace Orchestrator.Grains.Tests.Turns;

/// <summary>Transcripts that come late, again, or for a client that did not ask for them.</summary>
public sealed class TranscriptionTests
{
    [Fact]
    public void WordsOfATurn_OnceMoreLater_AreDropped()
    {
        var s = Scenario.Live().WholeTurn().Transcribed("hello ");
        Assert.Equal("transcriptRepeated", s.Expect<Effect.Count>().What);
        s.ExpectNo<Effect.ForwardFrame>().ExpectNo<Effect.SendToClient>();
        Assert.Empty(s.Facts.OfType<TurnAmended>());
        Assert.Equal([" hello", "hi there"], s.State.History.Select(said => said.Text));
    }

    [Fact]
    public void WhatTheModelSaid_IsNotTheUsersWords()
    {
        var s = Scenario.Live().WholeTurn().Transcribed("hi there");
        Assert.Equal("hi there", Assert.Single(s.Facts.OfType<TurnAmended>()).UserText);
        Assert.Equal([" hellohi there", "hi there"], s.State.History.Select(said => said.Text));
    }

    [Fact]
    public void SameWords_WhileWordsAreDue_AreTheUsers()
    {
        var s = Scenario.Live().WholeTurn().Audio(600).Transcribed("hello");
        Assert.Equal("hello", s.State.Draft.UserText);
        s.Expect<Effect.ForwardFrame>();
    }

    [Theory]
    [InlineData(8, true)]
    [InlineData(9, false)]
    public void EightTurnsBack_NobodyRepeatsHimselfAnyMore(int turns, bool dropped)
    {
        var s = Scenario.Live();
        for (var turn = 1; turn <= turns; turn++)
        {
            s.Audio(600).Audio(1_000, voiced: false).Transcribed("words " + turn).After(700).Spoken(40, "yes").GenerationComplete().TurnComplete();
        }

        s.Transcribed("words 1");
        Assert.Equal(dropped ? 0 : 1, s.Facts.OfType<TurnAmended>().Count());
    }

    [Fact]
    public void FirstWords_BeforeAnyTurn_OpenOne()
    {
        var s = Scenario.Live().Transcribed("hello");
        Assert.Equal("hello", s.State.Draft.UserText);
        Assert.Empty(s.Facts.OfType<TurnAmended>());
    }

    [Fact]
    public void ReplayedWords_AreNotToldTwice_ButWhatIsNewIs()
    {
        var s = Scenario.Live().Audio(600).Transcribed("half a ").Audio(600).Lost().Ready();
        s.Transcribed("half").ExpectNo<Effect.ForwardFrame>().ExpectNo<Effect.SendToClient>();
        s.Transcribed(" a question").ExpectNo<Effect.ForwardFrame>();
        Assert.Equal("""{"serverContent":{"inputTranscription":{"text":"question"}}}""", Encoding.UTF8.GetString(s.Expect<Effect.SendToClient>().Frame.Span));
        Assert.Equal(OutputTraits.Words, s.Expect<Effect.SendToClient>().Traits);
        s.Transcribed("?").Expect<Effect.ForwardFrame>();
        Assert.Equal("half a question?", s.State.Draft.UserText);
        s.Lost().Ready().Transcribed("half a question?").ExpectNo<Effect.SendToClient>();
        s.Transcribed("!").Expect<Effect.ForwardFrame>();
    }

    [Fact]
    public void ReplayedWords_AreNotWrittenTwice_WhenAnEarlierPartOfTheInteractionHasThem()
    {
        var s = Scenario.Live().Audio(600).Transcribed("question").Spoken(40, "One moment.").TurnComplete(ServerParts.InteractionInProgress).Lost().Ready();
        s.Transcribed("quest").Transcribed("ion, please").Spoken(40, "It is 42.").GenerationComplete().TurnComplete(ServerParts.InteractionIdle);
        Assert.Equal(["question", ", please"], s.Commits.Select(turn => turn.User?.Text));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Transcripts_AreTheClients_IfItAskedForThem(bool wanted)
    {
        var s = new Scenario(attached: false).Attach(wanted).Ready().Audio(600);
        Assert.Equal(wanted ? 1 : 0, s.Transcribed("question").Last.OfType<Effect.ForwardFrame>().Count());
        Assert.Equal(wanted ? 1 : 0, s.Server(ServerParts.ServerContent | ServerParts.OutputTranscription, output: "an").Last.OfType<Effect.ForwardFrame>().Count());
        Assert.Equal((!wanted, false), Strips(s.Server(ServerParts.ServerContent | ServerParts.ModelAudio | ServerParts.InputTranscription, input: "!", audioMs: 40)));
        Assert.Equal((false, !wanted), Strips(s.Server(ServerParts.ServerContent | ServerParts.ModelAudio | ServerParts.OutputTranscription, output: "swer", audioMs: 40)));
        // Where nothing of it is in the frame, there is nothing to take out.
        Assert.Equal((false, false), Strips(s.Server(ServerParts.ServerContent | ServerParts.ModelAudio | ServerParts.ModelText, audioMs: 40)));
        s.GenerationComplete().TurnComplete();
        Assert.Equal((!wanted, !wanted), (s.Expect<Effect.ForwardTurnEnd>().StripInput, s.Expect<Effect.ForwardTurnEnd>().StripOutput));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void ContentBeforeASwallowedEnd_IsStrippedLikeAnyOther(bool wanted)
    {
        var s = new Scenario(attached: false).Attach(wanted).Ready().Audio(600).Transcribed("question").Audio(1_000, voiced: false).Spoken(400, "The answer");
        s.Server(ServerParts.ServerContent | ServerParts.ModelAudio | ServerParts.OutputTranscription | ServerParts.TurnComplete, output: " is", audioMs: 40);
        Assert.Equal((!wanted, !wanted), Strips(s));
    }

    [Fact]
    public void AbsentClient_GetsWhatItLastAskedFor_AndWhoNeverWasThereAll()
    {
        var s = new Scenario(attached: false).Attach(wantsTranscripts: false).Ready().Detach(code: null);
        s.Audio(600).Transcribed("question").ExpectNo<Effect.ForwardFrame>();
        Assert.Equal((true, true, false), (ClientWants.Everything.InputTranscription, ClientWants.Everything.OutputTranscription, ClientWants.Everything.AwaitsSetup));
    }

    private static (bool Input, bool Output) Strips(Scenario s) => (s.Expect<Effect.ForwardFrame>().StripInput, s.Expect<Effect.ForwardFrame>().StripOutput);
}
