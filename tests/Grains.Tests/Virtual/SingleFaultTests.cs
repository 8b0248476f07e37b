using Gemini.Live.Simulator.Faults;
using Xunit;

namespace Orchestrator.Grains.Tests.Virtual;

/// <summary>One thing breaks, in each phase of a conversation whose upstream is otherwise friendly: rung 1 saves it.</summary>
public sealed class SingleFaultTests
{
    public static TheoryData<string, bool> Modes() => NoFaultTests.Modes();

    [Theory]
    [MemberData(nameof(Modes))]
    public void Loss_InAnyPhase_IsSurvived(string model, bool manual) => Many.Run(
        from action in new[] { FaultAction.Close, FaultAction.Abort }
        from phase in new[] { FaultPhase.Setup, FaultPhase.UserSpeech, FaultPhase.Awaiting, FaultPhase.ModelSpeech, FaultPhase.Idle }
        from turn in new[] { 1, 2 }
        from afterMs in phase == FaultPhase.Idle ? [300, 600] : new[] { 0, 130, 700 }
        select new Schedule
        {
            Seed = (int)action * 1_000 + (int)phase * 100 + turn * 10 + afterMs,
            Model = model,
            Manual = manual,
            Faults = [new FaultRule { Action = action, Phase = phase, Turn = turn, AfterMs = afterMs }],
        },
        mustSurvive: true);

    /// <summary>Generated whole, not yet played: the reply was not cut, but no handle can cover it.</summary>
    [Fact]
    public void Loss_AfterGenerationComplete_IsWholeOrClosedWithTheReason() => Many.Run(
        from manual in new[] { false, true }
        from ms in Enumerable.Range(0, 30)
        select new Schedule { Seed = 40 + ms, Manual = manual, Turns = 3, MaxWords = 2, Breaks = [TimeSpan.FromMilliseconds(1_500 + (ms * 130))] },
        mustSurvive: false);

    [Theory]
    [MemberData(nameof(Modes))]
    public void Redials_ThatAreRefused_AreTriedAgain(string model, bool manual) => Many.Run(
        from refusal in new[] { FaultAction.RefuseConnect, FaultAction.ResetConnect }
        from times in new[] { 1, 3 }
        select new Schedule
        {
            Seed = times,
            Model = model,
            Manual = manual,
            Faults = [new FaultRule { Action = FaultAction.Close, Phase = FaultPhase.UserSpeech, Turn = 2, AfterMs = 200 }, .. Enumerable.Range(2, times).Select(n => new FaultRule { Action = refusal, Connection = n })],
        },
        mustSurvive: true);

    [Fact]
    public void Upstream_ThatIsAwayForLonger_ClosesTheClientWith1011() => Many.Run(
        [new Schedule
        {
            Faults = [new FaultRule { Action = FaultAction.Close, Phase = FaultPhase.Awaiting, Turn = 2 }, .. Enumerable.Range(2, 40).Select(n => new FaultRule { Action = FaultAction.RefuseConnect, Connection = n, Times = 0 })],
        }],
        mustSurvive: false);

    [Theory]
    [InlineData(0)]
    [InlineData(500)]
    [InlineData(3_000)]
    [InlineData(8_000)]
    public void Journal_ThatIsSlow_DelaysTurnCompleteAndNothingElse(int delayMs) => Many.Run(
        from manual in new[] { false, true }
        from seed in Enumerable.Range(1, 4)
        select new Schedule { Seed = seed, Manual = manual, JournalInline = delayMs == 0, JournalDelay = new Lag(delayMs / 2, delayMs / 2) },
        mustSurvive: true);

    [Theory]
    [InlineData(5_000, false)]
    [InlineData(40_000, true)]
    public void Journal_ThatFailsForAWhile_IsWaitedForOrTheClientClosed(int downMs, bool closes) => Many.Run(
        from manual in new[] { false, true }
        from seed in Enumerable.Range(1, 4)
        select new Schedule { Seed = seed, Manual = manual, JournalOutage = (TimeSpan.FromSeconds(2), TimeSpan.FromMilliseconds(2_000 + downMs)) },
        mustSurvive: !closes);

    [Theory]
    [MemberData(nameof(Modes))]
    public void Client_ThatVanishesAndComesBack_HearsAllOfIt(string model, bool manual) => Many.Run(
        from at in Enumerable.Range(0, 12)
        select new Schedule
        {
            Seed = at,
            Model = model,
            Manual = manual,
            ClientLosses = [new ClientLoss(TimeSpan.FromMilliseconds(400 + (at * 530)), TimeSpan.FromMilliseconds(100 + (at * 300)))],
        },
        mustSurvive: true);

    [Fact]
    public void Handle_ThatIsRejected_IsWholeOrClosedWithTheReason() => Many.Run(
        from manual in new[] { false, true }
        from turn in new[] { 1, 2 }
        select new Schedule
        {
            Seed = turn,
            Manual = manual,
            Faults = [new FaultRule { Action = FaultAction.Close, Phase = FaultPhase.ModelSpeech, Turn = turn, AfterMs = 100 }, new FaultRule { Action = FaultAction.RejectHandle }],
        },
        mustSurvive: false);

    [Fact]
    public void Noise_ThatCoversTheBoundary_CostsTheCheckpointAndNeverAWord() => Many.Run(
        from turn in new[] { 1, 2, 3 }
        from phase in new[] { FaultPhase.UserSpeech, FaultPhase.ModelSpeech }
        select new Schedule { Seed = turn, Noise = 380, Faults = [new FaultRule { Action = FaultAction.Close, Phase = phase, Turn = turn, AfterMs = 200 }] },
        mustSurvive: false);
}
