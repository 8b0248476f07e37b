using Gemini.Live.Models;
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

    private static readonly int Count = int.TryParse(Environment.GetEnvironmentVariable("ORCHESTRATOR_CONVERSATIONS"), out var count) ? count : 220;

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
        Many.Run(Only is { } seed ? batch == 0 ? [Draw(seed)] : [] : Enumerable.Range(0, Count).Select(i => (i * Batches) + batch).Select(Draw), mustSurvive: false);
    }

    /// <summary>Beyond the thousand: what a longer run has found.</summary>
    [Theory]
    [InlineData(1134)]
    [InlineData(1203)]
    [InlineData(1246)]
    [InlineData(1256)]
    [InlineData(1332)]
    [InlineData(1363)]
    [InlineData(1415)]
    [InlineData(1428)]
    [InlineData(1522)]
    [InlineData(1526)]
    [InlineData(1642)]
    [InlineData(1665)]
    [InlineData(1677)]
    [InlineData(1791)]
    [InlineData(1820)]
    [InlineData(1918)]
    [InlineData(1996)]
    [InlineData(2050)]
    [InlineData(2251)]
    [InlineData(2421)]
    [InlineData(2428)]
    [InlineData(2532)]
    [InlineData(2554)]
    [InlineData(2910)]
    [InlineData(3001)]
    [InlineData(3117)]
    [InlineData(3291)]
    [InlineData(3385)]
    [InlineData(3458)]
    [InlineData(3471)]
    [InlineData(3494)]
    [InlineData(3673)]
    [InlineData(3833)]
    [InlineData(3986)]
    [InlineData(4167)]
    [InlineData(4458)]
    [InlineData(4551)]
    [InlineData(4569)]
    [InlineData(4797)]
    [InlineData(4880)]
    [InlineData(4996)]
    [InlineData(5055)]
    [InlineData(5369)]
    [InlineData(5438)]
    [InlineData(5490)]
    [InlineData(5790)]
    [InlineData(5838)]
    [InlineData(6179)]
    [InlineData(6534)]
    [InlineData(6674)]
    [InlineData(6700)]
    [InlineData(6864)]
    [InlineData(7006)]
    [InlineData(7288)]
    [InlineData(7375)]
    [InlineData(7704)]
    [InlineData(7861)]
    [InlineData(8507)]
    [InlineData(8726)]
    [InlineData(9119)]
    [InlineData(9174)]
    [InlineData(9418)]
    [InlineData(9660)]
    [InlineData(10013)]
    [InlineData(10018)]
    [InlineData(10206)]
    [InlineData(10809)]
    [InlineData(10901)]
    [InlineData(11165)]
    [InlineData(11230)]
    [InlineData(11504)]
    [InlineData(11930)]
    [InlineData(12139)]
    [InlineData(12242)]
    [InlineData(12571)]
    [InlineData(12644)]
    [InlineData(12723)]
    [InlineData(12785)]
    [InlineData(13154)]
    [InlineData(13221)]
    [InlineData(13372)]
    [InlineData(13420)]
    [InlineData(13552)]
    [InlineData(13931)]
    [InlineData(14026)]
    [InlineData(14488)]
    [InlineData(14774)]
    [InlineData(15053)]
    [InlineData(15073)]
    [InlineData(16178)]
    [InlineData(16358)]
    [InlineData(16360)]
    [InlineData(17312)]
    [InlineData(17562)]
    [InlineData(17774)]
    [InlineData(18008)]
    [InlineData(18056)]
    [InlineData(18153)]
    [InlineData(18684)]
    [InlineData(19162)]
    [InlineData(19312)]
    [InlineData(19459)]
    [InlineData(19586)]
    [InlineData(21305)]
    [InlineData(25849)]
    [InlineData(34730)]
    [InlineData(40338)]
    [InlineData(40567)]
    [InlineData(41815)]
    [InlineData(44288)]
    [InlineData(44563)]
    [InlineData(45584)]
    [InlineData(45908)]
    [InlineData(53291)]
    [InlineData(56411)]
    [InlineData(60253)]
    [InlineData(61530)]
    [InlineData(62176)]
    [InlineData(65646)]
    [InlineData(69467)]
    [InlineData(88050)]
    [InlineData(97236)]
    [InlineData(103138)]
    [InlineData(106116)]
    [InlineData(114793)]
    [InlineData(118110)]
    [InlineData(118839)]
    [InlineData(121184)]
    [InlineData(192464)]
    [InlineData(222750)]
    public void Conversation_ThatOnceFailed_IsWholeOrClosedWithTheReason(int seed) => Many.Run([Draw(seed)], mustSurvive: false);

    private static Schedule Draw(int seed)
    {
        var random = new Random(seed);
        var friendly = random.Next(2) == 0;
        var model = random.GetItems(Schedule.Models, 1)[0];
        var faults = Enumerable.Range(0, random.Next(1, 11)).Select(_ => Fault(random)).ToList();
        var tools = random.Next(3) == 0 ? random.Next(1, 4) : 0;
        var behavior = ToolBehavior(random, model);
        var schedule = new Schedule
        {
            Seed = seed,
            Model = model,
            Manual = random.Next(2) == 0,
            Turns = random.Next(2, 6),
            MaxWords = random.Next(1, 7),
            BargeInEvery = random.Next(3) == 0 ? random.Next(1, 4) : 0,
            TextEvery = random.Next(3) == 0 ? random.Next(1, 4) : 0,
            VideoEvery = random.Next(4) == 0 ? random.Next(1, 4) : 0,
            ToolEvery = tools,
            ToolBehavior = behavior,
            ToolTakes = random.Next(4) == 0 ? new Lag(0, 4_000) : new Lag(50, 900),
            Noise = random.Next(12) == 0 ? (short)380 : random.Next(2) == 0 ? (short)35 : (short)0,
            Knobs = friendly ? new SimulatorKnobs() : Knobs(random),
            Faults = [.. faults],
            HandleEvery = random.Next(4) == 0 ? TimeSpan.FromMilliseconds(random.Next(300, 4_000)) : TimeSpan.Zero,
            ConnectionCap = random.Next(10) == 0 ? TimeSpan.FromSeconds(random.Next(65, 90)) : TimeSpan.FromMinutes(10),
            Latency = new Lag(random.Next(0, 20), random.Next(20, 150)),
            SlowSends = random.Next(3) == 0 ? random.NextDouble() * 0.04 : 0,
            JournalInline = random.Next(6) == 0,
            JournalDelay = random.Next(4) == 0 ? new Lag(100, 2_500) : new Lag(0, 20),
            JournalOutage = random.Next(10) == 0 ? (random.Next(8_000).Ms(), (8_000 + random.Next(14_000)).Ms()) : null,
            Breaks = [.. Enumerable.Range(0, random.Next(5) == 0 ? random.Next(1, 3) : 0).Select(_ => random.Next(500, 20_000).Ms())],
            ClientLosses = [.. Enumerable.Range(0, random.Next(4) == 0 ? random.Next(1, 4) : 0).Select(_ => new ClientLoss(random.Next(200, 20_000).Ms(), random.Next(20, 6_000).Ms()))],
        };
        return schedule;
    }

    /// <summary>What the model lets a function be; extended thinking refuses BLOCKING.</summary>
    private static string? ToolBehavior(Random random, string model)
    {
        var wanted = random.GetItems([null, "BLOCKING", "NON_BLOCKING"], 1)[0];
        return wanted == "BLOCKING" && !ModelCatalog.Find(model, out _).Functions.Allowed.HasFlag(FunctionBehaviours.Blocking) ? null : wanted;
    }

    private static FaultRule Fault(Random random) => random.Next(16) switch
    {
        0 => new FaultRule { Action = FaultAction.RefuseConnect, Connection = random.Next(1, 7), Status = random.GetItems([429, 500, 503], 1)[0] },
        1 => new FaultRule { Action = FaultAction.ResetConnect, Connection = random.Next(1, 7) },
        2 => new FaultRule { Action = FaultAction.DelaySetupComplete, Ms = random.Next(100, 4_000) },
        3 => new FaultRule { Action = random.Next(2) == 0 ? FaultAction.LateHandle : FaultAction.MissingHandle, Times = random.Next(1, 4) },
        4 => new FaultRule { Action = FaultAction.RejectHandle, Form = random.GetItems(Enum.GetValues<HandleRefusal>(), 1)[0] },
        5 => Somewhere(random, new FaultRule { Action = FaultAction.GoAway, Ms = random.GetItems([1_000, 5_000, 30_000, 50_000, 60_000], 1)[0], Then = random.GetItems([GoAwayEnd.Deadline, GoAwayEnd.Aborted, GoAwayEnd.Nothing, GoAwayEnd.Silence], 1)[0] }),
        6 => new FaultRule
        {
            Action = random.GetItems([FaultAction.Stall, FaultAction.EmptyTurn, FaultAction.EarlyTurnComplete, FaultAction.RepeatSentence], 1)[0],
            Turn = random.Next(2) == 0 ? random.Next(1, 5) : null,
        },
        7 => random.GetItems(
            [
                new FaultRule { Action = FaultAction.OmitUsage, Times = 0 },
                new FaultRule { Action = FaultAction.AudioBursts, Turn = random.Next(1, 4) },
                new FaultRule { Action = FaultAction.TranscriptAhead, Turn = random.Next(1, 4) },
                new FaultRule { Action = FaultAction.DuplicateTranscription, Turn = random.Next(1, 4), Ms = random.Next(0, 6_000) },
                new FaultRule { Action = FaultAction.SlowPongs },
            ],
            1)[0],
        8 => Somewhere(random, new FaultRule { Action = FaultAction.SpuriousInterrupted }),
        9 => Somewhere(random, new FaultRule { Action = FaultAction.Abort, Ms = random.Next(0, 7_000) }),
        10 => Somewhere(random, new FaultRule { Action = FaultAction.Close, Code = 1008, Reason = random.GetItems(["The operation was aborted", "Requested entity was not found.", "Operation is not implemented, or supported, or enabled."], 1)[0] }),
        _ => Somewhere(random, new FaultRule { Action = random.Next(2) == 0 ? FaultAction.Close : FaultAction.Abort, Times = random.Next(6) == 0 ? 2 : 1 }),
    };

    private static FaultRule Somewhere(Random random, FaultRule rule)
    {
        rule.Phase = random.GetItems([FaultPhase.Setup, FaultPhase.UserSpeech, FaultPhase.Awaiting, FaultPhase.ModelSpeech, FaultPhase.Playback, FaultPhase.ToolRound, FaultPhase.Idle, FaultPhase.Replay], 1)[0];
        rule.Turn = random.Next(2) == 0 ? random.Next(1, 5) : null;
        rule.AfterMs = random.Next(3) == 0 ? null : random.Next(1_500);
        rule.AfterFrames = random.Next(4) == 0 ? random.Next(1, 60) : null;
        return rule;
    }

    private static SimulatorKnobs Knobs(Random random) => new()
    {
        HandleCovers = Pick<HandleCoverage>(random),
        HandleComes = random.Next(2) == 0 ? HandleTiming.AtOnce : Pick<HandleTiming>(random),
        OlderHandle = Pick<OlderHandle>(random),
        VadClock = Pick<VadClock>(random),
        BurstInput = Pick<BurstInput>(random),
        OldSocket = Pick<OldSocketRelease>(random),
        Transcripts = Pick<InputTranscripts>(random),
        HandleRefusal = Pick<HandleRefusal>(random),
        RefuseAudioDuringBlockingCall = random.Next(3) == 0,
        TranscriptionStops = random.Next(3) == 0,
        ResumeKeepsFirstSetup = random.Next(3) == 0,
    };

    private static T Pick<T>(Random random)
        where T : struct, Enum => random.GetItems(Enum.GetValues<T>(), 1)[0];
}
