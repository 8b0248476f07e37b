using Gemini.Live.Scanning;
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

    [Fact]
    public void Repeat_OfWordsThatCameLate_IsKnownByThemAlone()
    {
        var s = Told().Transcribed(" please").Spoken(400, "Anything else?").GenerationComplete().TurnComplete().Committed();
        ExpectRepeated(s.Transcribed(" please"));
        Assert.Single(s.Facts.OfType<TurnAmended>());
    }

    [Fact]
    public void SameWord_TwiceAmongThoseThatComeLate_IsTheUsers()
    {
        var s = Told().Transcribed(" no").Transcribed(" no");
        s.Expect<Effect.ForwardFrame>();
        Assert.Equal([" no", " no"], s.Facts.OfType<TurnAmended>().Select(amended => amended.UserText));
    }

    [Fact]
    public void Repeat_OfTheQuestionThatIsBeingAnswered_IsDropped()
    {
        var s = Told().Audio(1_500).Audio(1_000, voiced: false).Transcribed(" and what is it").Transcribed(" like in Rome").Spoken(400, "rain");
        ExpectRepeated(s.Transcribed(" and what is it like in Rome"));
        s.Spoken(400, " too.").GenerationComplete().TurnComplete();
        Assert.Equal(" and what is it like in Rome", s.Commits[^1].User!.Text);
    }

    [Fact]
    public void Repeat_OfTwoThingsThatWereSaidAfterOneAnother_IsDropped()
    {
        var s = Told().Audio(600).Audio(1_000, voiced: false).Transcribed(" and in Rome").Audio(600).Transcribed(" or Paris").Audio(1_000, voiced: false);
        ExpectRepeated(s.Spoken(400, "rain").GenerationComplete().TurnComplete().Committed().Transcribed(" and in Rome or Paris"));
    }

    [Fact]
    public void Repeat_OfWordsThatWereReplayed_IsDropped()
    {
        var s = Scenario.Live().Audio(1_500).Audio(1_000, voiced: false).Transcribed(Question).Lost().Ready().Transcribed(Question);
        s.Spoken(400, "rain.").GenerationComplete().TurnComplete().Committed();
        s.Audio(600).Audio(1_000, voiced: false).Transcribed(" and in Rome").Spoken(400, "sun.").GenerationComplete().TurnComplete().Committed();
        ExpectRepeated(s.Transcribed(Question));
    }

    [Fact]
    public void WordsThatAreMoreThanTheVoiceThatWasHeard_AreNoRepeat()
    {
        var s = Told().Audio(40).Audio(1_000, voiced: false).Transcribed(" no").Transcribed(" no");
        s.Expect<Effect.ForwardFrame>();
        Assert.Equal(" no no", s.State.Draft.UserText);
    }

    [Fact]
    public void ReplayedWords_BehindLateOnesOfASettledTurn_AreNotToldAgain()
    {
        var s = Scenario.Live().Audio(600).Audio(1_000, voiced: false).Spoken(400, "rain.").GenerationComplete().TurnComplete().Committed();
        s.Audio(600).Transcribed(" yes").Audio(1_000, voiced: false).Transcribed(" please");
        s.Lost().Ready().Spoken(400, "sun.").GenerationComplete().TurnComplete().Committed().Transcribed(" please");
        s.ExpectNo<Effect.ForwardFrame>().ExpectNo<Effect.SendToClient>();
        Assert.Equal(" please", Assert.Single(s.Facts.OfType<TurnAmended>()).UserText);
    }

    [Fact]
    public void ReplayedWords_ThatComeAfterAnInteractionOfManyTurns_AreNotToldAgain()
    {
        var s = Scenario.Live().Audio(600).Audio(1_000, voiced: false).Transcribed(" yes").Lost().Ready();
        s.Spoken(400, "One moment.").GenerationComplete().TurnComplete(ServerParts.InteractionInProgress);
        s.Spoken(400, "rain.").GenerationComplete().TurnComplete(ServerParts.InteractionIdle).Committed().Transcribed(" yes");
        s.ExpectNo<Effect.ForwardFrame>().ExpectNo<Effect.SendToClient>();
        Assert.Equal(" yes", Assert.Single(s.Facts.OfType<TurnAmended>()).UserText);
    }

    [Fact]
    public void ReplayedWords_OfAnInteractionThatWasWrittenInParts_AreNeitherToldNorWrittenAgain()
    {
        var s = Scenario.Live().Audio(600).Audio(1_000, voiced: false).Transcribed(" yes").Spoken(400, "One moment.").GenerationComplete().TurnComplete(ServerParts.InteractionInProgress).Committed();
        s.Spoken(400, "It rai").Lost().Ready().Spoken(400, "rain.").GenerationComplete().TurnComplete(ServerParts.InteractionIdle).Committed().Audio(600).Transcribed(" yes");
        s.ExpectNo<Effect.ForwardFrame>().ExpectNo<Effect.SendToClient>();
        Assert.Equal((" yes", ""), (string.Concat(s.Commits.Select(turn => turn.User?.Text)), s.State.Draft.UserText));
        Assert.Empty(s.Facts.OfType<TurnAmended>());
    }

    [Fact]
    public void ReplayedWords_OfAnInteraction_OfWhichSomeAreWritten_AreWrittenOnce()
    {
        var s = Scenario.Live().Audio(600).Audio(1_000, voiced: false).Transcribed(" yes").Spoken(400, "One moment.").GenerationComplete().TurnComplete(ServerParts.InteractionInProgress).Committed();
        s.Transcribed(" please").Spoken(400, "It rai").Lost().Ready();
        s.Spoken(400, "rain.").GenerationComplete().TurnComplete(ServerParts.InteractionIdle).Committed().Transcribed(" yes please");
        s.ExpectNo<Effect.ForwardFrame>().ExpectNo<Effect.SendToClient>();
        Assert.Equal(" please", Assert.Single(s.Facts.OfType<TurnAmended>()).UserText);
    }

    [Fact]
    public void ReplayedWords_ThatTwoTurnsHaveOutrun_AreNotToldAgain()
    {
        var s = Scenario.Live().Audio(600).Audio(1_000, voiced: false).Transcribed(" yes").Lost().Ready();
        s.Spoken(400, "rai").Audio(600).Interrupted().TurnComplete().Committed().Audio(1_000, voiced: false);
        s.Spoken(400, "sun.").GenerationComplete().TurnComplete().Committed().Transcribed(" yes");
        s.ExpectNo<Effect.ForwardFrame>().ExpectNo<Effect.SendToClient>();
    }

    [Fact]
    public void ReplayedWords_ThatComeAfterTheTurn_AreWrittenAndNotToldAgain()
    {
        var s = Replayed(" yes", " please").Transcribed(" yes");
        s.ExpectNo<Effect.ForwardFrame>().ExpectNo<Effect.SendToClient>();
        s.Transcribed(" please").ExpectNo<Effect.ForwardFrame>().ExpectNo<Effect.SendToClient>();
        Assert.Equal([(1, " yes"), (1, " please")], s.Facts.OfType<TurnAmended>().Select(amended => (amended.Turn, amended.UserText!)));
        s.Transcribed(" no").Expect<Effect.ForwardFrame>();
    }

    [Fact]
    public void ReplayedWords_OfWhichSomeComeAfterTheTurn_AreNotToldAgain()
    {
        var s = Scenario.Live().Audio(600).Audio(1_000, voiced: false).Transcribed(" yes").Transcribed(" please").Lost().Ready().Transcribed(" yes");
        s.Spoken(400, "rain.").GenerationComplete().TurnComplete().Committed().Transcribed(" please");
        s.ExpectNo<Effect.ForwardFrame>().ExpectNo<Effect.SendToClient>();
        Assert.Equal(" please", Assert.Single(s.Facts.OfType<TurnAmended>()).UserText);
    }

    [Fact]
    public void ReplayedWords_ThatComeWhileTheUserGoesOn_AreNotToldAgain()
    {
        var s = Replayed(" yes").Audio(600).Transcribed(" yes");
        s.ExpectNo<Effect.ForwardFrame>().ExpectNo<Effect.SendToClient>();
        s.Transcribed(" but").Expect<Effect.ForwardFrame>();
        Assert.Equal((" yes but", 4), (s.State.Draft.UserText, s.State.Draft.Shown));
    }

    [Fact]
    public void ReplayedWords_ThatTheLostConnectionOwed_AreNotWaitedFor()
    {
        var s = Replayed(" yes").Lost().Ready();
        s.Audio(600).Transcribed(" yes").Expect<Effect.ForwardFrame>();
    }

    [Fact]
    public void OtherWords_ThanThoseThatAreDueAgain_AreTold()
    {
        var s = Replayed(" yes").Audio(600).Transcribed(" no");
        s.Expect<Effect.ForwardFrame>();
        s.Transcribed(" yes").Expect<Effect.ForwardFrame>();
    }

    /// <summary>The client has read the words, the connection was lost, and the turn was answered before they came again.</summary>
    private static Scenario Replayed(params string[] words)
    {
        var s = Scenario.Live().Audio(600).Audio(1_000, voiced: false);
        foreach (var word in words)
        {
            s.Transcribed(word);
        }

        return s.Lost().Ready().Spoken(400, "rain.").GenerationComplete().TurnComplete().Committed();
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
