using Orchestrator.Grains.Conversations;
using Orchestrator.Journal;
using Xunit;

namespace Orchestrator.Grains.Tests.Conversations;

/// <summary>Upstream may transcribe a turn once more, up to a minute later (dossier §7, #3); and users do say things again.</summary>
public sealed class UserTranscriptTests
{
    private const string Question = " what is the weather like in Oslo today";

    [Fact]
    public void Repeat_InSilence_IsNobodys()
    {
        var s = Told().Transcribed(Question);
        ExpectRepeated(s);
        Assert.DoesNotContain(s.Facts, fact => fact is TurnAmended);
    }

    [Fact]
    public void Repeat_WhileTheUserSpeaks_IsMoreThanAnybodyCanSayInThatTime()
    {
        var s = Told().Audio(700).Transcribed(" and in Rome").Transcribed(Question);
        ExpectRepeated(s);
        Assert.Equal(" and in Rome", s.State.Draft.UserText);
    }

    [Fact]
    public void Repeat_WhileTheModelAnswers_IsMoreThanAnybodyCanSayInThatTime()
    {
        var s = Told().Audio(700).Transcribed(" and in Rome").Audio(1_000, voiced: false).Spoken(400, "rain").Transcribed(Question);
        ExpectRepeated(s);
        s.Spoken(400, " too.").GenerationComplete().TurnComplete();
        Assert.Equal(" and in Rome", s.Commits[^1].User!.Text);
    }

    [Fact]
    public void Question_AskedAgain_IsToldAgain()
    {
        var s = Told().Audio(2_500).Transcribed(Question);
        s.Expect<Effect.ForwardFrame>();
        Assert.Equal(Question, s.State.Draft.UserText);
    }

    [Fact]
    public void SameWords_OfATurnThatHasNoneYet_AreItsOwn()
    {
        var s = Told().Audio(2_500).Audio(1_000, voiced: false).Spoken(400, "still rain.").GenerationComplete().TurnComplete().Committed();
        s.Transcribed(Question).Expect<Effect.ForwardFrame>();
        Assert.Equal((2, Question), s.Facts.OfType<TurnAmended>().Select(amended => (amended.Turn, amended.UserText)).Single());
        ExpectRepeated(s.Transcribed(Question));
    }

    [Fact]
    public void Repeat_LongAfterAQuestionThatIsNotAnswered_IsDropped()
    {
        var s = Scenario.Live().Audio(4_000).Audio(1_000, voiced: false).Transcribed(" no");
        s.After(9_000).Transcribed(" no").Expect<Effect.ForwardFrame>();
        ExpectRepeated(s.After(2_000).Transcribed(" no no"));
        Assert.Equal(" no no", s.State.Draft.UserText);
    }

    [Fact]
    public void Repeat_OfATurnThatOtherWordsWereWrittenTo_IsKnownByMostOfIt()
    {
        var s = Told().Transcribed(" please");
        Assert.Single(s.Facts.OfType<TurnAmended>());
        ExpectRepeated(s.Transcribed(Question));
        s.Transcribed(" today").Expect<Effect.ForwardFrame>();
    }

    private static Scenario Told() =>
        Scenario.Live().Audio(2_500).Audio(1_000, voiced: false).Transcribed(Question).Spoken(400, "rain.").GenerationComplete().After(400).TurnComplete().Committed();

    /// <summary>Counted, and nobody hears of it.</summary>
    private static void ExpectRepeated(Scenario s)
    {
        Assert.Equal("transcriptRepeated", s.Expect<Effect.Count>().What);
        s.ExpectNo<Effect.ForwardFrame>().ExpectNo<Effect.SendToClient>();
    }
}
