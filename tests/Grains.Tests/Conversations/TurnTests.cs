using Gemini.Live.Scanning;
using Orchestrator.Attach;
using Orchestrator.Grains.Conversations;
using Orchestrator.Grains.Turns;
using Orchestrator.Journal;
using Xunit;

namespace Orchestrator.Grains.Tests.Conversations;

public sealed class TurnTests
{
    [Fact]
    public void Turn_AutomaticActivity_RunsThroughItsStates()
    {
        var s = Scenario.Live();
        s.Audio(600).ExpectTurn<TurnState.UserSpeaking>();
        s.Audio(1_000, voiced: false).ExpectTurn<TurnState.AwaitingModel>();
        s.Spoken(40).ExpectTurn<TurnState.ModelSpeaking>();
        s.GenerationComplete().ExpectTurn<TurnState.PlaybackPending>();
        s.TurnComplete().ExpectTurn<TurnState.Idle>();
    }

    [Fact]
    public void Turn_ManualActivity_IsBoundedByTheMarks()
    {
        var s = Scenario.Live(manual: true);
        s.Client(InputTraits.ActivityStart).ExpectTurn<TurnState.UserSpeaking>();
        s.Audio(2_000, voiced: false).ExpectTurn<TurnState.UserSpeaking>();
        s.Client(InputTraits.ActivityEnd).ExpectTurn<TurnState.AwaitingModel>();
    }

    [Fact]
    public void Commit_SpokenTurn_SaysWhatWasSaidAndWhen()
    {
        var s = Scenario.Live().After(500);
        s.Audio(600).Audio(1_000, voiced: false).Transcribed(" hel").Transcribed("lo").After(300);
        s.Spoken(400, "hi ").Spoken(200, "there").GenerationComplete().After(600).TurnComplete();

        var turn = Assert.Single(s.Commits);
        Assert.Equal(TurnEnding.Completed, turn.Ending);
        Assert.Equal(" hello", turn.User!.Text);
        Assert.Equal(600, turn.User.AudioMs);
        Assert.Equal("hi there", turn.Model!.Text);
        Assert.Equal(600, turn.Model.AudioMs);
        Assert.Equal(1_300, turn.LatencyMs);
        Assert.Equal(turn.Model.StartMs + 600, turn.Model.EndMs);
        Assert.Equal(1, turn.InputFrom);
        Assert.Equal(30, turn.InputTo);
    }

    [Fact]
    public void TurnComplete_WaitsForItsCommit()
    {
        var s = Scenario.Live();
        s.Audio(600).Spoken(40).TurnComplete();

        var end = s.Expect<Effect.ForwardTurnEnd>();
        var commit = Assert.Single(s.Last.OfType<Effect.Append>(), a => a.Fact is TurnCommitted);
        Assert.Equal(commit.Position, end.AfterFact);
        Assert.Equal(Durability.Flushed, commit.Durability);
        Assert.True(s.Last.ToList().IndexOf(commit) < s.Last.ToList().IndexOf(end));
    }

    [Fact]
    public void TurnComplete_WithContentInTheSameFrame_CountsTheContentFirst()
    {
        var s = Scenario.Live();
        s.Audio(600).Server(
            ServerParts.ServerContent | ServerParts.ModelAudio | ServerParts.OutputTranscription | ServerParts.GenerationComplete | ServerParts.TurnComplete,
            output: "yes", audioMs: 40);
        Assert.Equal("yes", Assert.Single(s.Commits).Model!.Text);
        Assert.Equal(40, s.Commits[0].Model!.AudioMs);
    }

    [Fact]
    public void Interrupted_ByTheUser_CommitsWithoutTheNewWords()
    {
        var s = Scenario.Live();
        s.Audio(600).Audio(1_000, voiced: false).Transcribed("first").Spoken(400, "I was say");
        s.Audio(300).Transcribed("second").Interrupted();
        Assert.Contains(s.Last, e => e is Effect.DiscardAudio);
        s.TurnComplete();

        var turn = Assert.Single(s.Commits);
        Assert.Equal(TurnEnding.Interrupted, turn.Ending);
        Assert.Equal("first", turn.User!.Text);
        Assert.Equal(30, turn.InputTo);
        Assert.Equal("second", s.State.Draft.UserText);
        s.ExpectTurn<TurnState.UserSpeaking>().ExpectNo<Effect.HoldInput>();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Reply_ThatMeetsTheFirstOfTheUsersWords_IsNoAnswerToThem(bool manual)
    {
        // It answers a note of ours, say; both are on their way at the same time.
        var s = Scenario.Live(manual).Client(InputTraits.Text, text: "first").Spoken(40, "One.").GenerationComplete().TurnComplete();
        s.Audio(1_000, voiced: false);
        if (manual)
        {
            s.Client(InputTraits.ActivityStart);
        }

        s.Audio(40).Spoken(400, "By the way").Audio(200).Interrupted().TurnComplete();
        var turn = s.Commits[1];
        Assert.Equal((TurnEnding.Interrupted, 1), (turn.Ending, turn.InputTo));
        Assert.Null(turn.User);
        Assert.Equal(240, s.State.Media.VoicedMs);
        s.ExpectTurn<TurnState.UserSpeaking>();
    }

    [Theory]
    [InlineData(0, 30)]
    [InlineData(10_000, 110)]
    public void Interruption_BehindAReplay_IsByTheNextThingSaid_NotByTheNewest(long afterMs, long answeredTo)
    {
        var s = Scenario.Live();
        for (var said = 0; said < 3; said++)
        {
            s.Audio(600).Audio(1_000, voiced: false);
        }

        s.Lost().Ready().Flushed(4_800).After(afterMs).Spoken(400, "As to the first").Interrupted().TurnComplete();
        Assert.Equal(answeredTo, Assert.Single(s.Commits).InputTo);
    }

    [Fact]
    public void Interruption_BehindAReplay_BySomethingSaidSinceTheReplyBegan_LeavesAllThatWasSaidBeforeAnswered()
    {
        var s = Scenario.Live().Audio(600).Audio(1_000, voiced: false).Audio(600).Audio(1_000, voiced: false);
        s.Lost().Ready().Flushed(3_200).Spoken(400, "As to both").Audio(200).Interrupted().TurnComplete();
        Assert.Equal(110, Assert.Single(s.Commits).InputTo);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Transcript_OfWhatIsAnsweredLaterInAReplay_IsNotReadTwice(bool interrupts)
    {
        var s = Scenario.Live().Audio(600).Audio(1_000, voiced: false).Audio(600).Audio(1_000, voiced: false).Transcribed(" one").Transcribed(" two").Lost().Ready();
        if (interrupts)
        {
            s.Transcribed(" one").Spoken(400, "To one").Interrupted().TurnComplete();
        }
        else
        {
            // The pump has not come any further.
            s.State.Media.SentTo = 30;
            s.Transcribed(" one").Spoken(400, "To one.").GenerationComplete().TurnComplete();
        }

        Assert.Equal((" one", 30), (Assert.Single(s.Commits).User!.Text, s.Commits[0].InputTo));

        s.State.Media.SentTo = s.State.Media.LastInput;
        s.Transcribed(" two").ExpectNo<Effect.SendToClient>().ExpectNo<Effect.ForwardFrame>();
        s.Spoken(400, "To two.").GenerationComplete().TurnComplete();
        Assert.Equal(" two", s.Commits[1].User!.Text);
    }

    [Fact]
    public void TurnComplete_OfATurnThatNeverWas_LeavesTheUserOwed()
    {
        var s = Scenario.Live(manual: true);
        s.Client(InputTraits.ActivityStart).Audio(200).Interrupted().TurnComplete();
        Assert.Empty(s.Commits);
        s.ExpectNo<Effect.ForwardTurnEnd>().ExpectTurn<TurnState.UserSpeaking>();
    }

    [Fact]
    public void InputTranscription_AfterTheCommit_AmendsThatTurn()
    {
        var s = Scenario.Live();
        s.Audio(600).Audio(1_000, voiced: false).Spoken(40).TurnComplete().Transcribed("late");
        Assert.Equal(new TurnAmended(1, "late", null, null), s.Facts.OfType<TurnAmended>().Single());
    }

    [Fact]
    public void Transcripts_NotAskedFor_AreStrippedOrSwallowed()
    {
        var s = new Scenario(attached: false).Attach(wantsTranscripts: false).Ready();
        s.Transcribed("secret").ExpectNo<Effect.ForwardFrame>();
        s.Server(ServerParts.ServerContent | ServerParts.ModelAudio | ServerParts.OutputTranscription, output: "x", audioMs: 20);
        Assert.True(s.Expect<Effect.ForwardFrame>().StripOutput);
    }

    [Theory]
    [InlineData(ServerParts.None)]
    [InlineData(ServerParts.ServerContent)]
    [InlineData(ServerParts.GoAway)]
    [InlineData(ServerParts.SessionResumptionUpdate)]
    public void Frames_OfTheLinkAlone_NeverReachTheClient(ServerParts parts)
    {
        var s = Scenario.Live();
        s.Server(parts).ExpectNo<Effect.ForwardFrame>();
    }

    [Fact]
    public void UnknownMembers_ArePassedOn()
    {
        Scenario.Live().Server(ServerParts.Unknown).Expect<Effect.ForwardFrame>();
    }

    [Fact]
    public void ToolRound_ResultBelongsToTheTurn_AndTheCommitCoversIt()
    {
        var s = Scenario.Live(manual: true);
        s.Client(InputTraits.ActivityStart).Audio(100).Client(InputTraits.ActivityEnd);
        s.Calls("c1").ExpectTurn<TurnState.ToolPending>();
        s.ToolResult("c1").ExpectTurn<TurnState.AwaitingModel>();
        s.Spoken(40).TurnComplete();

        var facts = s.Facts.Select(f => f.GetType().Name).ToList();
        Assert.True(facts.IndexOf(nameof(ToolCalled)) < facts.IndexOf(nameof(ToolAnswered)));
        Assert.True(facts.IndexOf(nameof(ToolAnswered)) < facts.IndexOf(nameof(TurnCommitted)));
        Assert.Equal(s.State.Media.LastInput, s.Commits[0].InputTo);
    }

    [Fact]
    public void ToolResult_OfAnUnknownCall_IsCountedNotJournaled()
    {
        var s = Scenario.Live().ToolResult("nobody");
        Assert.Equal("unknownToolResult", s.Expect<Effect.Count>().What);
        Assert.Empty(s.Facts.OfType<ToolAnswered>());
    }

    [Fact]
    public void ExtendedThinking_InProgress_CommitsButIsNoBoundary()
    {
        var s = Scenario.Live();
        s.Audio(600).Audio(1_000, voiced: false).Spoken(40, "let me see").TurnComplete(ServerParts.InteractionInProgress);
        Assert.True(s.Commits[0].InteractionOpen);
        s.ExpectNo<Effect.HoldInput>().ExpectTurn<TurnState.AwaitingModel>();
        s.Spoken(40, "42.").TurnComplete(ServerParts.InteractionIdle);
        Assert.False(s.Commits[1].InteractionOpen);
        s.Expect<Effect.HoldInput>();
        s.ExpectTurn<TurnState.Idle>();
    }

    [Fact]
    public void TypedText_IsAskedAtOnce_AndStandsInTheTranscript()
    {
        var s = Scenario.Live();
        s.Client(InputTraits.Text, text: "how much?").ExpectTurn<TurnState.AwaitingModel>();
        s.After(250).Spoken(40).TurnComplete();
        Assert.Equal("how much?", s.Commits[0].User!.Text);
        Assert.Equal(250, s.Commits[0].LatencyMs);
    }

    [Fact]
    public void TypedText_BehindAReplyThatIsCut_StandsOnALineOfItsOwn()
    {
        var s = Scenario.Live().Client(InputTraits.Text, text: "how much?").Spoken(40, "It is").Client(InputTraits.Text, text: "and when?").Lost().Ready();
        s.Spoken(40, "Ten, on Monday.").GenerationComplete().TurnComplete();
        Assert.Equal("how much?\nand when?", s.Commits[^1].User!.Text);
    }

    [Fact]
    public void InitialHistory_GetsNoAnswer()
    {
        Scenario.Live(initialHistory: true).Client(InputTraits.ClientContent | InputTraits.ContentComplete).ExpectTurn<TurnState.Idle>();
    }

    [Fact]
    public void Commit_Overdue_DetachesTheClientResumably()
    {
        var s = Scenario.Live();
        s.Audio(600).Spoken(40).TurnComplete().After(10_000).Elapse(DeadlineKind.Commit);
        Assert.Equal(1011, s.Expect<Effect.CloseClient>().Close.Code);
        Assert.True(s.Expect<Effect.CloseClient>().AtOnce);
        s.Expect<Effect.Release>();
    }

    [Fact]
    public void Commit_Durable_TrimsTheInputItAnswered()
    {
        var s = Scenario.Live();
        s.Audio(600).Audio(1_000, voiced: false).Spoken(40).TurnComplete().Committed();
        Assert.Equal(30, s.Expect<Effect.TrimInput>().Position);
        Assert.DoesNotContain(DeadlineKind.Commit, s.State.Armed.Keys);
    }
}
