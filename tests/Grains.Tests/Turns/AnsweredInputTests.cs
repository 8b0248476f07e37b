using Gemini.Live.Scanning;
using Orchestrator.Attach;
using Orchestrator.Grains.Conversations;
using Orchestrator.Grains.Recovery;
using Orchestrator.Grains.Tests.Conversations;
using Orchestrator.Grains.Turns;
using Orchestrator.Journal;
using Xunit;

namespace Orchestrator.Grains.Tests.Turns;

/// <summary>Which words a reply is an answer to, and which may be what interrupts it: frames are 20 ms, and upstream hears late.</summary>
public sealed class AnsweredInputTests
{
    [Theory]
    [InlineData(30, 0)]
    [InlineData(31, 31)]
    public void SpeechThatHasOnlyJustBegun_IsNotAnswered(int frames, long answered) =>
        Assert.Equal(answered, Scenario.Live().Audio(frames * 20).Spoken(40).State.Draft.AnsweredTo);

    [Fact]
    public void SpeechThatHasOnlyJustBegun_IsAnswered_WhenItWasTranscribed_AndNothingElseWasSaid()
    {
        Assert.Equal(20, Scenario.Live().Audio(400).Transcribed("hi").Spoken(40).State.Draft.AnsweredTo);
        Assert.Equal(30, Scenario.Live().Audio(600).Audio(1_000, voiced: false).Audio(400).Transcribed("hi").Spoken(40).State.Draft.AnsweredTo);
    }

    [Theory]
    [InlineData(75, 0)]
    [InlineData(76, 76)]
    public void BehindAReplay_LongerSpeechHasOnlyJustBegun(int frames, long answered)
    {
        var s = Scenario.Live().Audio(frames * 20);
        s.State = s.State with { Link = ((LinkState.Live)s.State.Link) with { BehindUntil = s.Now + 1 } };
        Assert.Equal(answered, s.Spoken(40).State.Draft.AnsweredTo);
    }

    [Fact]
    public void Replay_IsOver_AtItsMoment()
    {
        var s = Scenario.Live().Audio(40 * 20);
        s.State = s.State with { Link = ((LinkState.Live)s.State.Link) with { BehindUntil = s.Now } };
        Assert.Equal(40, s.Spoken(40).State.Draft.AnsweredTo);
    }

    [Theory]
    [InlineData(799, 0)]
    [InlineData(800, 10)]
    public void SpeechThatWentSilent_IsOver_AfterWhatEndsATurn(long silent, long answered)
    {
        // No frame came meanwhile that could tell of the silence.
        Assert.Equal(answered, Scenario.Live().Audio(200).After(silent).Spoken(40).State.Draft.AnsweredTo);
    }

    [Fact]
    public void ActivityThatIsOpen_IsNotAnswered_HoweverLong()
    {
        var s = Scenario.Live(manual: true).Client(InputTraits.ActivityStart).Audio(4_000).After(5_000).Spoken(40);
        Assert.Equal(0, s.State.Draft.AnsweredTo);
        Assert.Equal(202, Scenario.Live(manual: true).Client(InputTraits.ActivityStart).Audio(4_000).Client(InputTraits.ActivityEnd).Spoken(40).State.Draft.AnsweredTo);
    }

    [Fact]
    public void WordsThatWaitBehindAReplay_AreNotAnswered()
    {
        var s = Scenario.Live().Audio(600).Audio(1_000, voiced: false).Audio(600).Audio(1_000, voiced: false);
        s.State.Media.SentTo = 100;
        Assert.Equal(30, s.Spoken(40).State.Draft.AnsweredTo);
    }

    [Fact]
    public void VoiceThatIsAnsweredWhileItLasts_IsNoise_AndInterruptsNothing()
    {
        var s = Scenario.Live().Audio(2_000).Spoken(400, "well");
        Assert.Null(s.State.Media.Said.NewestSent(s.State.Media.SentTo));
        s.Audio(200, voiced: false).Audio(400, voiced: false).Audio(200);
        Assert.NotNull(s.State.Media.Said.NewestSent(s.State.Media.SentTo));
    }

    [Fact]
    public void InNoise_NothingOfTheLastMoment_IsAnswered()
    {
        var s = Scenario.Live().Audio(2_000).Spoken(400, "well.").GenerationComplete().TurnComplete();
        Assert.Equal(100, s.Commits[0].InputTo);
        Assert.Equal(170, s.Audio(2_000).Spoken(400, "so.").State.Draft.AnsweredTo);

        // The client is away, and noise with it.
        s.GenerationComplete().TurnComplete();
        Assert.Equal(290, s.Audio(2_000).After(400).Spoken(400, "well.").GenerationComplete().TurnComplete().Commits[2].InputTo);
        Assert.Equal(400, s.Audio(2_000).After(4_000).Spoken(400, "so.").State.Draft.AnsweredTo);
    }

    [Theory]
    [InlineData(6, 200, 6)]
    [InlineData(5, 200, 0)]
    [InlineData(6, 199, 0)]
    public void InNoise_WhatWasTypedAndHasArrived_IsAnswered(long sentTo, long ago, long answered)
    {
        var s = Scenario.Live().Audio(2_000).Spoken(40, "well").Lost().Ready();
        s.State = s.State with { Draft = s.State.Draft with { UserText = "hello", Pieces = [new TypedText(6, s.Now - ago, "hello")] } };
        s.State.Media.SentTo = sentTo;
        Assert.True(s.State.Media.Said.IsNoise);
        Assert.Equal(answered, s.Spoken(400, "hi").State.Draft.AnsweredTo);
    }

    [Theory]
    [InlineData("one", 80)]
    [InlineData("", 81)]
    public void BehindAReplay_WhatWasTypedBesideAQuestion_InterruptsTheAnswerToThat(string question, long answered)
    {
        var s = Scenario.Live().Audio(600).Audio(1_000, voiced: false).Client(InputTraits.Text, text: "two").Audio(2_000).Lost().Ready();
        s.State = s.State with { Link = ((LinkState.Live)s.State.Link) with { BehindUntil = s.Now + 4_000 } };
        // What is heard behind the text is noise, as it will turn out.
        s.State.Media.SentTo = 100;
        s.Transcribed(question).Spoken(400, "As to the first");
        s.Interrupted().TurnComplete();
        Assert.Equal(answered, Assert.Single(s.Commits).InputTo);
    }

    [Theory]
    [InlineData(600, false)]
    [InlineData(601, true)]
    public void InterruptionThatCrossedTheReply_ArrivesWithinItsTime(long after, bool spurious)
    {
        var s = Crossing(behindUntil: 0).After(after).Interrupted();
        Assert.Equal(spurious, s.Last.Any(effect => effect is Effect.Count { What: "spuriousInterruption" }));
    }

    [Theory]
    [InlineData(2_000, false)]
    [InlineData(2_001, true)]
    public void BehindAReplay_ItMayTakeLonger(long after, bool spurious)
    {
        var s = Crossing(behindUntil: long.MaxValue).After(after).Interrupted();
        Assert.Equal(spurious, s.Last.Any(effect => effect is Effect.Count { What: "spuriousInterruption" }));
    }

    [Theory]
    [InlineData(599, true)]
    [InlineData(600, false)]
    public void VoiceShortlyBeforeTheReply_MayCrossIt(long before, bool crosses)
    {
        Assert.Equal(crosses, Scenario.Live().Audio(800).After(before).Spoken(40).State.Draft.Crosses);
        Assert.False(Scenario.Live(manual: true).Client(InputTraits.ActivityStart).Audio(800).Client(InputTraits.ActivityEnd).After(before).Spoken(40).State.Draft.Crosses);
        Assert.False(Scenario.Live().After(-900).Spoken(40).State.Draft.Crosses);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void WhatInterruptedOneReply_DoesNotInterruptTheNext_WhichAnswersIt(bool manual)
    {
        var s = Scenario.Live(manual).Client(InputTraits.Text, text: "first").After(400).Spoken(400, "One, ");
        s.Client(InputTraits.Text, text: "second").Interrupted().TurnComplete().After(400).Spoken(40, "Two, ");
        s.Interrupted().ExpectNo<Effect.DiscardAudio>();
        s.TurnComplete().ExpectNo<Effect.ForwardTurnEnd>();
        s.Spoken(400, "too.").GenerationComplete().TurnComplete();
        Assert.Equal(("second", "Two, too.", TurnEnding.Completed), (s.Commits[1].User!.Text, s.Commits[1].Model!.Text, s.Commits[1].Ending));
    }

    [Fact]
    public void OfTwoThingsThatWereSaidDuringAReply_TheSecondMayInterruptTheAnswerToTheFirst()
    {
        var s = Scenario.Live().Client(InputTraits.Text, text: "first").After(400).Spoken(400, "One, ");
        s.Client(InputTraits.Text, text: "second").Client(InputTraits.Text, text: "third").Interrupted().TurnComplete().After(400).Spoken(40, "Two, ");
        s.Interrupted();
        Assert.Contains(s.Last, effect => effect is Effect.DiscardAudio);
    }

    [Theory]
    [InlineData(199, true)]
    [InlineData(200, false)]
    public void WordsThatWereTypedJustBeforeTheReply_MayCrossIt(long before, bool crosses) =>
        Assert.Equal(crosses, Scenario.Live().Client(InputTraits.Text, text: "hello").After(before).Spoken(40).State.Draft.Crosses);

    [Fact]
    public void InterruptionBehindAReplay_ByWhatWaitedInTheLog_IsByTheNextThingSaid()
    {
        var s = Scenario.Live();
        for (var said = 0; said < 3; said++)
        {
            s.Audio(600).Audio(1_000, voiced: false);
        }

        s.Lost().Ready();
        // The pump had come to the second when the reply to the first began.
        s.State = s.State with { Link = ((LinkState.Live)s.State.Link) with { BehindUntil = s.Now + 4_000 } };
        s.State.Media.SentTo = 115;
        s.Spoken(400, "As to the first");
        s.State.Media.SentTo = s.State.Media.LastInput;
        s.Interrupted().TurnComplete();
        Assert.Equal(30, Assert.Single(s.Commits).InputTo);
    }

    [Theory]
    [InlineData("question number one", 110)]
    [InlineData("question number 1.", 30)]
    public void InterruptionBehindAReplay_IsNotByWhatWasTranscribedBeforeTheReply(string transcribed, long answered)
    {
        var s = Scenario.Live();
        for (var said = 0; said < 3; said++)
        {
            s.Audio(600).Audio(1_000, voiced: false);
        }

        s.Lost().Ready();
        s.State = s.State with { Link = ((LinkState.Live)s.State.Link) with { BehindUntil = s.Now + 4_000 } };
        // Nobody says more than 18 characters in 600 ms: what goes beyond them is of the second.
        s.Transcribed(transcribed).Spoken(400, "As to the second").Interrupted().TurnComplete();
        Assert.Equal(answered, Assert.Single(s.Commits).InputTo);
    }

    [Fact]
    public void InterruptionOfAText_AndOfASound_NeedsACause_OfAThoughtNone()
    {
        foreach (var said in (ReadOnlySpan<ServerParts>)[ServerParts.ModelAudio, ServerParts.ModelText, ServerParts.OutputTranscription])
        {
            var s = Scenario.Live().Client(InputTraits.Text, text: "hello").After(3_000).Server(ServerParts.ServerContent | said, output: said == ServerParts.OutputTranscription ? "hi" : "", audioMs: said == ServerParts.ModelAudio ? 400 : 0);
            s.Client(InputTraits.Text, text: "stop").Interrupted();
            Assert.Contains(s.Last, effect => effect is Effect.DiscardAudio);
        }
    }

    [Fact]
    public void EmptyEnd_WhileTheUserSpeaks_IsCounted_AndOwedAHandle()
    {
        var s = Scenario.Live(manual: true).Client(InputTraits.ActivityStart).Audio(200);
        var owed = ((LinkState.Live)s.State.Link).HandlesOwed.Count;
        s.TurnComplete().ExpectNo<Effect.ForwardTurnEnd>();
        Assert.Equal("emptyTurnEnd", s.Expect<Effect.Count>().What);
        Assert.Equal(owed + 1, ((LinkState.Live)s.State.Link).HandlesOwed.Count);
        Scenario.Live().Audio(200).TurnComplete().ExpectNo<Effect.ForwardTurnEnd>();
        Assert.Contains(Scenario.Live().Audio(200).Transcribed("yes").TurnComplete().Last, effect => effect is Effect.Count { What: "emptyTurn" });
        Assert.DoesNotContain(Scenario.Live(manual: true).Client(InputTraits.ActivityStart).Transcribed("yes").TurnComplete().Last, effect => effect is Effect.Count { What: "emptyTurn" });
    }

    [Fact]
    public void Reply_InterruptedByWordsThatWereCountedWithItsQuestion_IsOwed()
    {
        var s = Crossing(behindUntil: 0).Interrupted().TurnComplete();
        Assert.Equal(TurnEnding.Interrupted, Assert.Single(s.Commits).Ending);
        Assert.True(s.State.Draft.IsOwed);
        s.ExpectTurn<TurnState.AwaitingModel>();
        Assert.False(Crossing(behindUntil: 0).GenerationComplete().TurnComplete().State.Draft.IsOwed);
    }

    /// <summary>A reply that begins 100 ms after the user's last word.</summary>
    private static Scenario Crossing(long behindUntil)
    {
        var s = Scenario.Live().Audio(2_000).After(100);
        s.State = s.State with { Link = ((LinkState.Live)s.State.Link) with { BehindUntil = behindUntil } };
        return s.Spoken(5_000, "well.");
    }
}
