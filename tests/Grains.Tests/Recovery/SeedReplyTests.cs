using System.Text.Json;
using Gemini.Live.Scanning;
using Orchestrator.Grains.Conversations;
using Orchestrator.Grains.Recovery;
using Orchestrator.Grains.Tests.Conversations;
using Orchestrator.Grains.Tests.Tools;
using Orchestrator.Grains.Turns;
using Orchestrator.Journal;
using Xunit;

namespace Orchestrator.Grains.Tests.Recovery;

/// <summary>Models that cannot be told a history without answering it: nobody hears that answer.</summary>
public sealed class SeedReplyTests
{
    [Fact]
    public void Seed_AsksForOneWord_AndInputWaitsForIt()
    {
        var s = Seeded();
        Assert.Equal("[system note: the connection was renewed. All of the above has been said already. Answer this note with the one word OK, then wait for the user.]", s.Last.Seeded()[^1]);
        s.ExpectNo<Effect.SendInputAfter>();
        Assert.Equal(s.Now + 5_000, s.Last.OfType<Effect.ArmDeadline>().Single(armed => armed.Kind == DeadlineKind.SeedReply).AtMs);
    }

    [Fact]
    public void Reply_IsSwallowed_AndInputGoesOutWhenItBegins()
    {
        var s = Seeded();
        s.Transcribed("not yet").ExpectNo<Effect.SendInputAfter>().ExpectNo<Effect.ForwardFrame>();
        s.Spoken(40, "O").ExpectNo<Effect.ForwardFrame>();
        s.All.RemoveRange(0, s.All.Count - s.Last.Count);
        Assert.Equal(SeedReply.Swallowed, ((LinkState.Live)s.State.Link).SeedReply);
        s.Spoken(40, "K").ExpectNo<Effect.ForwardFrame>().ExpectNo<Effect.SendInputAfter>();
        s.TurnComplete().ExpectNo<Effect.ForwardTurnEnd>();
        Assert.DoesNotContain(DeadlineKind.SeedReply, s.State.Armed.Keys);
        Assert.Empty(s.Facts.OfType<TurnCommitted>());

        s.Audio(600).Transcribed("question").Spoken(40, "Yes.").GenerationComplete().TurnComplete();
        Assert.Equal("Yes.", Assert.Single(s.Facts.OfType<TurnCommitted>()).Model!.Text);
    }

    [Theory]
    [InlineData(ServerParts.ServerContent | ServerParts.ModelAudio)]
    [InlineData(ServerParts.ServerContent | ServerParts.ModelThought)]
    [InlineData(ServerParts.ServerContent | ServerParts.TurnComplete)]
    public void InputGoesOut_OnceOnly_WithTheFirstOfTheReply(ServerParts first)
    {
        var s = Seeded();
        s.Server(first);
        Assert.Equal(s.State.CommittedTo, s.Expect<Effect.SendInputAfter>().Position);
        s.Server(ServerParts.ServerContent | ServerParts.ModelAudio).ExpectNo<Effect.SendInputAfter>();
    }

    [Fact]
    public void Reply_IsPaidForAllTheSame()
    {
        var s = Seeded();
        s.Apply(new ConversationInput.LinkMessage(s.Link, new ServerNotice(ServerParts.ServerContent | ServerParts.TurnComplete) { Usage = JsonElement.Parse("""{"promptTokenCount":7}""") }));
        var amended = Assert.Single(s.Facts.OfType<TurnAmended>());
        Assert.Equal((1, null, null, 7), (amended.Turn, amended.UserText, amended.ModelText, amended.Usage!.Value.GetProperty("promptTokenCount").GetInt32()));
    }

    [Fact]
    public void ReplyThatDoesNotCome_HoldsInputUpNoLonger()
    {
        var s = Seeded().After(5_000).Elapse(DeadlineKind.SeedReply);
        Assert.Equal("seedUnanswered", s.Expect<Effect.Count>().What);
        Assert.Equal(s.State.CommittedTo, s.Expect<Effect.SendInputAfter>().Position);
        s.Flushed().Audio(600).Transcribed("question").Spoken(40).Expect<Effect.ForwardFrame>();
    }

    [Fact]
    public void ReplyThatStopsInItsMiddle_IsWaitedForNoLonger()
    {
        var s = Seeded().Spoken(40, "O").Audio(600).After(4_000).Spoken(40, "K");
        Assert.Equal(s.Now + 5_000, s.All.OfType<Effect.ArmDeadline>().Last(armed => armed.Kind == DeadlineKind.SeedReply).AtMs);
        s.Flushed().After(5_000).Elapse(DeadlineKind.SeedReply);
        Assert.Equal("seedReplyStalled", s.Expect<Effect.Count>().What);
        Answers(s.ExpectNo<Effect.SendInputAfter>());
    }

    [Fact]
    public void ReplyThatIsGenerated_MayTakeAsLongAsItWouldBeHeard()
    {
        var s = Seeded().Spoken(40, "OK").GenerationComplete();
        Assert.DoesNotContain(DeadlineKind.SeedReply, s.State.Armed.Keys);
    }

    [Fact]
    public void SilenceInTheReply_AfterTheAnnouncedEnd_IsTheEnd()
    {
        var s = Seeded();
        s.Apply(new ConversationInput.LinkMessage(s.Link, new ServerNotice(ServerParts.GoAway) { TimeLeftMs = 2_000 })).Spoken(40, "O").After(2_500).Elapse(DeadlineKind.Rotate);
        s.Expect<Effect.CloseLink>();
        Assert.Equal("deadline", s.Facts.OfType<LinkLost>().Last().Cause);
    }

    [Fact]
    public void LateResult_IsTold_WhenTheReplyIsOver()
    {
        foreach (var inTime in (ReadOnlySpan<bool>)[true, false])
        {
            var s = With(Scenario.Live().WholeTurn()).Asked().Call(("c1", "f", "{}")).TurnComplete().Committed().Lost().Server(ServerParts.SetupComplete);
            s.AnswerFor("c1", "7");
            Assert.Empty(s.Last.Told());
            Assert.Single((inTime ? s.TurnComplete() : s.Elapse(DeadlineKind.SeedReply)).Last.Told());
        }
    }

    [Fact]
    public void Reply_ThatNobodyInterrupted_IsSwallowedToItsEnd()
    {
        var s = Seeded().Spoken(40, "O").Interrupted().TurnComplete().ExpectNo<Effect.ForwardTurnEnd>();
        Assert.Equal(s.Now + SpuriousInterruption.GoesOnMs, s.All.OfType<Effect.ArmDeadline>().Last(armed => armed.Kind == DeadlineKind.SeedReply).AtMs);
        s.Spoken(40, "K").ExpectNo<Effect.ForwardFrame>().TurnComplete().ExpectNo<Effect.ForwardTurnEnd>();
        Assert.DoesNotContain(DeadlineKind.SeedReply, s.State.Armed.Keys);
        Answers(s);
    }

    [Fact]
    public void Reply_ThatIsInterrupted_AndDoesNotGoOn_IsOver()
    {
        Answers(Seeded().Spoken(40, "O").Interrupted().TurnComplete().Elapse(DeadlineKind.SeedReply));
        Answers(Seeded().Spoken(40, "O").Audio(100).Interrupted().TurnComplete());
        // The user was faster than the deadline.
        Answers(Seeded().Spoken(40, "O").Interrupted().TurnComplete());
    }

    private static void Answers(Scenario s)
    {
        s.Audio(600).Transcribed("question").Spoken(40, "Yes.").GenerationComplete().TurnComplete();
        Assert.Equal("Yes.", Assert.Single(s.Facts.OfType<TurnCommitted>()).Model!.Text);
    }

    /// <summary>A settled turn, and a second session that is told of it.</summary>
    private static Scenario Seeded()
    {
        var s = With(Scenario.Live().WholeTurn()).Lost().Lost(1008, "BidiGenerateContent session not found").Server(ServerParts.SetupComplete);
        var last = s.Last.ToList();
        s.All.Clear();
        s.All.AddRange(last);
        return s;
    }

    private static Scenario With(Scenario s)
    {
        s.State = s.State with { Rules = s.State.Rules with { Model = s.State.Rules.Model with { SeedEndsWithUser = true } } };
        return s;
    }
}
