using Gemini.Live.Simulator;
using Gemini.Live.Simulator.Faults;
using Xunit;

namespace Orchestrator.Grains.Tests.Virtual;

/// <summary>
/// Random conversations under random faults. ORCHESTRATOR_SEED plays one seed; ORCHESTRATOR_CONVERSATIONS says how many
/// are played in each of the five batches.
/// </summary>
public sealed class RandomTests
{
    private const int Batches = 5;

    private static readonly int Count = int.TryParse(Environment.GetEnvironmentVariable("ORCHESTRATOR_CONVERSATIONS"), out var count) ? count : 60;

    private static readonly int? Only = int.TryParse(Environment.GetEnvironmentVariable("ORCHESTRATOR_SEED"), out var seed) ? seed : null;

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void Conversation_UnderAnyMixOfFaults_IsWholeOrClosedWithTheReason(int batch)
    {
        Assert.InRange(batch, 0, Batches - 1);
        Many.Run(Only is { } seed ? batch == 0 ? [Draw(seed)] : [] : Enumerable.Range(0, Count).Select(i => Draw((i * Batches) + batch)), mustSurvive: false);
    }

    private static Schedule Draw(int seed)
    {
        var random = new Random(seed);
        var friendly = random.Next(2) == 0;
        var faults = Enumerable.Range(0, random.Next(4)).Select(_ => Fault(random)).ToList();
        return new Schedule
        {
            Seed = seed,
            Model = random.GetItems(Schedule.Models, 1)[0],
            Manual = random.Next(2) == 0,
            Turns = random.Next(2, 6),
            MaxWords = random.Next(1, 7),
            BargeInEvery = random.Next(3) == 0 ? random.Next(1, 4) : 0,
            Noise = random.Next(12) == 0 ? (short)380 : random.Next(2) == 0 ? (short)35 : (short)0,
            Knobs = friendly ? new SimulatorKnobs() : Knobs(random),
            Faults = faults,
            HandleEvery = random.Next(4) == 0 ? TimeSpan.FromMilliseconds(random.Next(300, 4_000)) : TimeSpan.Zero,
            Latency = new Lag(random.Next(0, 20), random.Next(20, 150)),
            SlowSends = random.Next(3) == 0 ? random.NextDouble() * 0.04 : 0,
            JournalInline = random.Next(6) == 0,
            JournalDelay = random.Next(4) == 0 ? new Lag(100, 2_500) : new Lag(0, 20),
            JournalOutage = random.Next(10) == 0 ? (random.Next(8_000).Ms(), (8_000 + random.Next(14_000)).Ms()) : null,
            Breaks = [.. Enumerable.Range(0, random.Next(5) == 0 ? random.Next(1, 3) : 0).Select(_ => random.Next(500, 20_000).Ms())],
            ClientLosses = [.. Enumerable.Range(0, random.Next(4) == 0 ? random.Next(1, 4) : 0).Select(_ => new ClientLoss(random.Next(200, 20_000).Ms(), random.Next(20, 6_000).Ms()))],
        };
    }

    private static FaultRule Fault(Random random) => random.Next(8) switch
    {
        0 => new FaultRule { Action = FaultAction.RefuseConnect, Connection = random.Next(1, 5), Status = random.GetItems([429, 500, 503], 1)[0] },
        1 => new FaultRule { Action = FaultAction.ResetConnect, Connection = random.Next(1, 5) },
        2 => new FaultRule { Action = FaultAction.DelaySetupComplete, Ms = random.Next(100, 4_000) },
        3 => new FaultRule { Action = random.Next(2) == 0 ? FaultAction.LateHandle : FaultAction.MissingHandle },
        4 when random.Next(3) == 0 => new FaultRule { Action = FaultAction.RejectHandle },
        _ => new FaultRule
        {
            Action = random.Next(2) == 0 ? FaultAction.Close : FaultAction.Abort,
            Phase = random.GetItems([FaultPhase.Setup, FaultPhase.UserSpeech, FaultPhase.Awaiting, FaultPhase.ModelSpeech, FaultPhase.Idle, FaultPhase.Replay], 1)[0],
            Turn = random.Next(2) == 0 ? random.Next(1, 5) : null,
            AfterMs = random.Next(3) == 0 ? null : random.Next(1_500),
            AfterFrames = random.Next(4) == 0 ? random.Next(1, 60) : null,
            Times = random.Next(4) == 0 ? 2 : 1,
        },
    };

    private static SimulatorKnobs Knobs(Random random) => new()
    {
        HandleCovers = Pick<HandleCoverage>(random),
        HandleComes = random.Next(2) == 0 ? HandleTiming.AtOnce : Pick<HandleTiming>(random),
        OlderHandle = Pick<OlderHandle>(random),
        VadClock = Pick<VadClock>(random),
        BurstInput = Pick<BurstInput>(random),
        OldSocket = Pick<OldSocketRelease>(random),
        Transcripts = Pick<InputTranscripts>(random),
    };

    private static T Pick<T>(Random random)
        where T : struct, Enum => random.GetItems(Enum.GetValues<T>(), 1)[0];
}
