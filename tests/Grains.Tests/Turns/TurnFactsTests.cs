using System.Text.Json;
using Gemini.Live.Scanning;
using Orchestrator.Attach;
using Orchestrator.Grains.Conversations;
using Orchestrator.Grains.Recovery;
using Orchestrator.Grains.Tests.Conversations;
using Orchestrator.Grains.Turns;
using Orchestrator.Journal;
using Xunit;

namespace Orchestrator.Grains.Tests.Turns;

/// <summary>What a turn leaves in the journal: when who spoke, for how long, and what was answered.</summary>
public sealed class TurnFactsTests
{
    [Fact]
    public void SpokenTurn_IsTimedToTheMillisecond()
    {
        // Voice from 1,000 to 1,600; a second of silence; a reply of 400 ms that begins at 2,800 and comes at once.
        var s = Scenario.Live().Audio(600).Audio(1_000, voiced: false).Transcribed("question").After(200).Spoken(400, "answer").GenerationComplete().After(100).TurnComplete();
        var turn = Assert.Single(s.Commits);
        Assert.Equal(new Utterance("question", 1_000, 1_600, 600), turn.User);
        Assert.Equal(new Utterance("answer", 2_800, 3_200, 400), turn.Model);
        Assert.Equal((1, 1L, 30L, 1_200L, 1), (turn.Turn, turn.InputFrom, turn.InputTo, turn.LatencyMs, turn.Link));
        Assert.Equal(s.Now + 10_000, s.Last.OfType<Effect.ArmDeadline>().Single(armed => armed.Kind == DeadlineKind.Commit).AtMs);
    }

    [Fact]
    public void TypedTurn_IsSaidInTheMomentOfTyping()
    {
        var s = Scenario.Live().After(500).Client(InputTraits.Text, text: "typed").After(300).Spoken(200).GenerationComplete().TurnComplete();
        Assert.Equal(new Utterance("typed", 1_500, 1_500, 0), Assert.Single(s.Commits).User);
        Assert.Equal((300, new Utterance("", 1_800, 2_000, 200)), (s.Commits[0].LatencyMs, s.Commits[0].Model));
    }

    [Fact]
    public void ModelThatSpeaksUnprompted_HasNoLatency_AndWordsWithoutAudioTheirOwnMoment()
    {
        var s = Scenario.Live().After(700).Server(ServerParts.ServerContent | ServerParts.ModelText | ServerParts.OutputTranscription, output: "by the way").After(50).GenerationComplete().TurnComplete();
        var turn = Assert.Single(s.Commits);
        Assert.Equal((null, null, new Utterance("by the way", 1_750, 1_750, 0)), (turn.User, turn.LatencyMs, turn.Model));
    }

    [Fact]
    public void InterruptedReply_EndsWhenItWasInterrupted_OrWhenItWasOver()
    {
        Assert.Equal((1_600, 2_000), Interrupted(replyMs: 5_000));
        Assert.Equal((1_600, 1_700), Interrupted(replyMs: 100));

        static (long, long) Interrupted(int replyMs)
        {
            var s = Scenario.Live().Audio(600).Transcribed("question").Spoken(replyMs, "well").Audio(400).Interrupted().TurnComplete();
            var model = Assert.Single(s.Commits).Model!;
            Assert.Equal((TurnEnding.Interrupted, replyMs), (s.Commits[0].Ending, model.AudioMs));
            return (model.StartMs, model.EndMs);
        }
    }

    [Fact]
    public void NextTurn_BeginsItsOwnCount()
    {
        var s = Scenario.Live().WholeTurn().Audio(400).Audio(1_000, voiced: false).Transcribed("second").After(100).Spoken(200, "yes").GenerationComplete().TurnComplete();
        var turn = s.Commits[1];
        Assert.Equal((2, s.Commits[0].InputTo + 1, 400L, 200L), (turn.Turn, turn.InputFrom, turn.User!.AudioMs, turn.Model!.AudioMs));
        Assert.Equal(400, turn.User.EndMs - turn.User.StartMs);
    }

    [Fact]
    public void Speech_OfAQuestionThatIsAnsweredAnew_IsTheWholeOfIt()
    {
        var s = Scenario.Live().Audio(600).Audio(1_000, voiced: false).Transcribed("question").Spoken(40, "half").Lost().Ready().Transcribed("question").Spoken(40, "whole").GenerationComplete().TurnComplete();
        Assert.Equal(new Utterance("question", 1_000, 1_600, 600), s.Commits[1].User);
        Assert.Equal("whole", s.Commits[1].Model!.Text);
    }

    [Fact]
    public void Untranscribed_Speech_IsRememberedAsANote_SilenceIsNot()
    {
        var spoken = Scenario.Live().Audio(600).Audio(1_000, voiced: false).Spoken(40, "yes").GenerationComplete().TurnComplete();
        Assert.Equal([(SpokenText.Untranscribed, true), ("yes", false)], spoken.State.History.Select(said => (said.Text, said.IsNote)));
        spoken.Transcribed("late");
        Assert.Equal([("late", false), ("yes", false)], spoken.State.History.Select(said => (said.Text, said.IsNote)));

        Assert.Equal(["hi"], Scenario.Live().Spoken(40, "hi").GenerationComplete().TurnComplete().State.History.Select(said => said.Text));
    }

    [Fact]
    public void Interaction_IsOpenInTheHistory_UntilItsLastTurn()
    {
        var s = Scenario.Live().Audio(600).Audio(1_000, voiced: false).Transcribed("question").Spoken(40, "One moment.").TurnComplete(ServerParts.InteractionInProgress);
        Assert.Equal([("question", true), ("One moment.", true)], s.State.History.Select(said => (said.Text, said.IsOpen)));
        Assert.Equal((0, 0L, default), (s.State.Settled, s.State.CommittedTo, s.State.PendingTrim));
        s.Spoken(40, "It is 42.").GenerationComplete().TurnComplete(ServerParts.InteractionIdle);
        Assert.All(s.State.History, said => Assert.False(said.IsOpen));
        Assert.Equal((1, 30L), (s.State.Settled, s.State.CommittedTo));
    }

    [Fact]
    public void Losses_AreCounted_UntilTheTurnIsSettled()
    {
        var s = Scenario.Live().Audio(600).Transcribed("question").Lost().Ready().Spoken(40, "half").Lost();
        Assert.Equal(2, s.State.LossesOnTurn);
        s.Ready().Spoken(40, "whole").GenerationComplete().TurnComplete();
        Assert.Equal(0, s.State.LossesOnTurn);
    }

    [Fact]
    public void GivenContent_IsJournaled_AndPartOfTheContextOnceItsTurnIsSettled()
    {
        var s = Scenario.Live();
        var seq = s.State.Media.LastInput + 1;
        MediaPath.ObserveInput(s.State, seq, InputTraits.ClientContent, 0, s.Now);
        s.State.Media.SentTo = seq;
        s.Apply(new ConversationInput.ClientSent(seq, InputTraits.ClientContent, null) { Given = [(Speaker.User, "I am Ada."), (Speaker.Model, "Hello Ada."), (Speaker.User, "")] });
        Assert.Equal([new ContentGiven(1, 1, "user", "I am Ada."), new ContentGiven(1, 1, "model", "Hello Ada.")], s.Facts.OfType<ContentGiven>());
        Assert.Empty(s.State.Given);
        s.Audio(600).Transcribed("question").Spoken(40, "half").Lost();
        Assert.Empty(s.State.Given);
        s.Ready().Spoken(40, "whole").GenerationComplete().TurnComplete();
        Assert.Equal([new(1, Speaker.User, "I am Ada."), new(1, Speaker.Model, "Hello Ada.")], s.State.Given);
        s.Audio(600).Spoken(40, "again").GenerationComplete().TurnComplete();
        Assert.Equal(2, s.State.Given.Count);
    }

    [Fact]
    public void InitialHistory_IsNoQuestion_AndNeitherIsItsLastTurn()
    {
        var s = Scenario.Live(initialHistory: true).Client(InputTraits.ClientContent | InputTraits.ContentComplete, text: "I am Ada.");
        s.ExpectTurn<TurnState.Idle>();
        Assert.Equal(new ContentGiven(1, 1, "user", "I am Ada."), Assert.Single(s.Facts.OfType<ContentGiven>()));
        s.Client(InputTraits.ClientContent | InputTraits.ContentComplete).ExpectTurn<TurnState.Idle>();
        Scenario.Live().Client(InputTraits.ClientContent | InputTraits.ContentComplete, text: "Hello?").ExpectTurn<TurnState.AwaitingModel>();
        Scenario.Live(initialHistory: true).Client(InputTraits.Text, text: "Hello?").ExpectTurn<TurnState.AwaitingModel>();
    }

    [Fact]
    public void Usage_OfAReply_IsItsTurns_WhatComesLaterAmendsIt()
    {
        var s = Metered(Scenario.Live().Audio(600).Spoken(40, "yes"), 10).GenerationComplete().TurnComplete();
        Assert.Equal(10, Assert.Single(s.Commits).Usage!.Value.GetProperty("promptTokenCount").GetInt32());
        Metered(s, 12);
        var amended = Assert.Single(s.Facts.OfType<TurnAmended>());
        Assert.Equal((1, null, null, 12), (amended.Turn, amended.UserText, amended.ModelText, amended.Usage!.Value.GetProperty("promptTokenCount").GetInt32()));
        // Before the first turn it is nobody's.
        Assert.Empty(Metered(Scenario.Live(), 5).Facts.OfType<TurnAmended>());
    }

    [Fact]
    public void Conversation_ThatEndsInMidReply_WritesItDown()
    {
        var s = Scenario.Live().Audio(600).Transcribed("question").Spoken(200, "well").Apply(new ConversationInput.EndRequested("Bye.", "client"));
        Assert.Equal((TurnEnding.Cut, "question", "well"), (Assert.Single(s.Commits).Ending, s.Commits[0].User!.Text, s.Commits[0].Model!.Text));
        Assert.Equal(new ConversationEnded("Bye.", "client"), s.Facts.Last(fact => fact is ConversationEnded));
        Assert.Equal(new EdgeClose(1000, "Bye."), s.Expect<Effect.CloseClient>().Close);

        var unanswered = Scenario.Live().Audio(600).Audio(1_000, voiced: false).Transcribed("question").Detach(1000);
        Assert.Equal(("question", 600, 1_000), (Assert.Single(unanswered.Commits).User!.Text, unanswered.Commits[0].User!.AudioMs, unanswered.Commits[0].User!.StartMs));
        Assert.Empty(Scenario.Live().Audio(600).Detach(1000).Commits);
    }

    private static Scenario Metered(Scenario s, int prompt) => s.Apply(new ConversationInput.LinkMessage(
        s.Link, new ServerNotice(ServerParts.Usage) { Usage = JsonElement.Parse($$"""{"promptTokenCount":{{prompt}}}""") }));
}
