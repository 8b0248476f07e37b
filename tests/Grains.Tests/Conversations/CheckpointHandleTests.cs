using Orchestrator.Attach;
using Orchestrator.Grains.Conversations;
using Orchestrator.Grains.Recovery;
using Xunit;

namespace Orchestrator.Grains.Tests.Conversations;

/// <summary>Which moment a handle belongs to, and what the wait for it costs.</summary>
public sealed class CheckpointHandleTests
{
    [Fact]
    public void Hold_IsArmedForItsTime_AndDisarmedWithTheHandle()
    {
        var s = AtBoundary();
        Assert.Equal(s.Now + 200, s.Last.OfType<Effect.ArmDeadline>().Single(armed => armed.Kind == DeadlineKind.CheckpointHold).AtMs);
        s.Handle("h1");
        Assert.DoesNotContain(DeadlineKind.CheckpointHold, s.State.Armed.Keys);
    }

    [Fact]
    public void HandleThatWasOwedBefore_IsNotTheNewest()
    {
        // The end of this turn is told twice: of two handles that are owed, the first is the older moment's.
        var s = Owing(Scenario.Live(), [900]);
        Assert.Equal("handleOfEarlierMoment", s.Handle("h1").Expect<Effect.Count>().What);
        Assert.Null(s.State.Checkpoint);
        Assert.Equal("h2", s.Handle("h2").State.Checkpoint!.Handle);
    }

    [Theory]
    [InlineData(5_000, false)]
    [InlineData(5_001, true)]
    public void HandleThatIsOwedForFiveSeconds_WillNotCome(long age, bool lost)
    {
        var s = Owing(Scenario.Live(), []);
        var live = (LinkState.Live)s.State.Link;
        s.State = s.State with { Link = live with { HandlesOwed = live.HandlesOwed.Insert(0, s.Now - age) } };
        Assert.Equal(lost, s.Handle("h1").State.Checkpoint is not null);
    }

    [Theory]
    [InlineData(1_999, false)]
    [InlineData(2_000, true)]
    public void HandlesThatNobodyOwes_AreTrusted_TwoSecondsAfterTheAnswerBegan(long after, bool taken)
    {
        var s = Scenario.Live();
        var live = (LinkState.Live)s.State.Link;
        s.State = s.State with { Link = live with { UnaskedHandles = true } };
        s.Audio(600).Audio(1_000, voiced: false).Spoken(40).GenerationComplete().After(after).TurnComplete().Handle("h1");
        Assert.Equal(taken, s.State.Checkpoint is not null);
    }

    [Fact]
    public void UnaskedHandle_MakesThoseAfterItDoubtful()
    {
        var s = Scenario.Live().Handle("unasked");
        Assert.True(((LinkState.Live)s.State.Link).UnaskedHandles);
        s.Audio(600).Audio(1_000, voiced: false).Spoken(40).GenerationComplete().TurnComplete().Handle("h1");
        Assert.NotEqual("h1", s.State.Checkpoint?.Handle);
        Assert.False(((LinkState.Live)AtBoundary().Handle("h1").State.Link).UnaskedHandles);
    }

    [Fact]
    public void MissedCheckpoints_AreCounted_HoweverTheyAreMissed()
    {
        Assert.Equal("checkpointMissed", AtBoundary().Audio(20).Last.OfType<Effect.Count>().First().What);
        Assert.Equal("checkpointMissed", AtBoundary().Audio(100, voiced: false).Elapse(DeadlineKind.CheckpointHold).Last.OfType<Effect.Count>().First().What);
        Assert.Contains(Scenario.Live().Audio(600).Spoken(40).Audio(400).Interrupted().TurnComplete().Last, effect => effect is Effect.Count { What: "checkpointNotAtBoundary" });
    }

    [Fact]
    public void Video_IsHeldLikeSilence()
    {
        var s = AtBoundary().Client(InputTraits.Video);
        Assert.NotNull(s.State.Hold);
        s.Apply(new ConversationInput.ClientSent(s.State.Media.LastInput, InputTraits.Video, null));
        Assert.NotNull(s.State.Hold);
        s.Client(InputTraits.Text, text: "typed");
        Assert.Null(s.State.Hold);
    }

    [Fact]
    public void OverdueHold_WithSomethingHeld_LetsAClosedClientGo()
    {
        var s = AtBoundary().Audio(100, voiced: false).Detach(1000).ExpectNo<Effect.Release>();
        s.Elapse(DeadlineKind.CheckpointHold).Expect<Effect.Release>();
    }

    [Fact]
    public void OverdueHold_LetsARotationBegin_ThatWaitedForTheHandle()
    {
        var s = Scenario.Live();
        var live = (LinkState.Live)s.State.Link;
        s.State = s.State with { Link = live with { Rotation = new Rotation(0, 0, null) } };
        s.Audio(600).Audio(1_000, voiced: false).Spoken(40).GenerationComplete().TurnComplete().ExpectNo<Effect.CloseLink>();
        s.Audio(100, voiced: false).Elapse(DeadlineKind.CheckpointHold).Expect<Effect.CloseLink>();
    }

    [Fact]
    public void InterruptedTurn_IsOwedAHandle_ThatIsNotWaitedFor()
    {
        var s = Scenario.Live().Audio(600).Audio(1_000, voiced: false).Spoken(40, "well").Audio(400).Interrupted().TurnComplete();
        s.ExpectNo<Effect.HoldInput>();
        Assert.Equal([s.Now], ((LinkState.Live)s.State.Link).HandlesOwed);
    }

    private static Scenario AtBoundary() => Scenario.Live().Audio(600).Audio(1_000, voiced: false).Spoken(40).GenerationComplete().TurnComplete();

    /// <summary>At a boundary, with handles that are owed for earlier moments.</summary>
    private static Scenario Owing(Scenario s, long[] ages)
    {
        s.Audio(600).Audio(1_000, voiced: false).Spoken(40).GenerationComplete().TurnComplete();
        var live = (LinkState.Live)s.State.Link;
        s.State = s.State with { Link = live with { HandlesOwed = live.HandlesOwed.InsertRange(0, ages.Select(age => s.Now - age)) } };
        return s;
    }
}
