using Gemini.Live.Scanning;
using Orchestrator.Attach;
using Orchestrator.Grains.Conversations;
using Orchestrator.Journal;
using Xunit;

namespace Orchestrator.Grains.Tests.Conversations;

public sealed class CheckpointTests
{
    private static Scenario AtBoundary()
    {
        var s = Scenario.Live();
        return s.Audio(600).Audio(1_000, voiced: false).Spoken(40).GenerationComplete().TurnComplete();
    }

    [Fact]
    public void Handle_AtABoundary_BecomesACheckpointOfWhatWasSent()
    {
        var s = AtBoundary();
        s.Expect<Effect.HoldInput>();
        s.Audio(100, voiced: false).Handle("h1");
        var taken = Assert.IsType<CheckpointTaken>(s.Expect<Effect.Append>().Fact);
        Assert.Equal(80, taken.Position);
        s.Expect<Effect.ReleaseInput>();
        s.Committed();
        Assert.Equal(80, s.Expect<Effect.TrimInput>().Position);
    }

    [Fact]
    public void Voice_DuringTheHold_ReleasesItWithoutACheckpoint()
    {
        var s = AtBoundary().Audio(20);
        s.Expect<Effect.ReleaseInput>();
        s.Handle("h1");
        Assert.Null(s.State.Checkpoint);
        Assert.Equal("handleInFlight", s.Expect<Effect.Count>().What);
    }

    [Fact]
    public void Hold_Overdue_ReleasesWhatIsHeld()
    {
        AtBoundary().Audio(200, voiced: false).Elapse(DeadlineKind.CheckpointHold).Expect<Effect.ReleaseInput>();
    }

    [Fact]
    public void Hold_OverdueWithNothingHeld_WaitsOnUntilTheNextInput()
    {
        var s = AtBoundary().Elapse(DeadlineKind.CheckpointHold);
        s.ExpectNo<Effect.ReleaseInput>();
        s.Handle("late");
        Assert.Equal("late", s.State.Checkpoint!.Handle);

        s = AtBoundary().Elapse(DeadlineKind.CheckpointHold).Audio(20, voiced: false);
        s.Expect<Effect.ReleaseInput>();
        Assert.Null(s.State.Hold);
    }

    [Fact]
    public void Handle_BeforeAnyInput_CoversTheBeginning()
    {
        var s = Scenario.Live().Handle("h0");
        Assert.Equal(0, s.State.Checkpoint!.Position);
    }

    [Fact]
    public void Handle_WhileTheUserSpeaks_IsNoCheckpoint()
    {
        var s = Scenario.Live().Audio(100).Handle("h0");
        Assert.Null(s.State.Checkpoint);
    }

    [Fact]
    public void Boundary_WithAnOpenCall_IsNone()
    {
        var s = Scenario.Live();
        s.Audio(600).Calls("c1").Spoken(40).TurnComplete();
        s.ExpectNo<Effect.HoldInput>();
    }

    [Fact]
    public void Boundary_WithVoiceSinceTheQuestion_IsNone()
    {
        var s = Scenario.Live();
        s.Audio(600).Audio(1_000, voiced: false).Spoken(40).Audio(40).TurnComplete();
        s.ExpectNo<Effect.HoldInput>();
    }

    [Fact]
    public void ManualActivity_EndsTheHold()
    {
        var s = Scenario.Live(manual: true);
        s.Client(InputTraits.ActivityStart).Audio(100).Client(InputTraits.ActivityEnd).Spoken(40).TurnComplete();
        s.Expect<Effect.HoldInput>();
        s.Client(InputTraits.ActivityStart).Expect<Effect.ReleaseInput>();
    }

    [Fact]
    public void StaleDeadline_IsIgnoredByName()
    {
        var s = AtBoundary();
        s.Apply(new ConversationInput.DeadlineElapsed(DeadlineKind.CheckpointHold, 0));
        Assert.Equal("staleDeadline", s.Expect<Effect.Count>().What);
    }

    [Fact]
    public void ServerFrame_OfAnOldLink_IsIgnoredByName()
    {
        var s = Scenario.Live().WholeTurn();
        s.Server(ServerParts.ServerContent | ServerParts.TurnComplete, link: 99);
        Assert.Equal("staleLink", s.Expect<Effect.Count>().What);
    }

    /// <summary>Found by virtual conversations (seed 532): on a slow upstream the words that interrupt are sent before the reply is heard of.</summary>
    [Fact]
    public void Handle_AfterAnInterruptedTurn_IsNoCheckpoint()
    {
        var s = Scenario.Live();
        s.Audio(300).Audio(800, voiced: false).Audio(300).Audio(800, voiced: false);
        s.Spoken(40).Interrupted().TurnComplete().Committed();

        s.Handle("h1");

        Assert.Null(s.State.Checkpoint);
        Assert.Null(s.State.Hold);
    }
}
