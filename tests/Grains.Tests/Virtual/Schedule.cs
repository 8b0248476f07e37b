using Gemini.Live.Models;
using Gemini.Live.Simulator;
using Gemini.Live.Simulator.Faults;

namespace Orchestrator.Grains.Tests.Virtual;

/// <summary>Bounds of something that takes a random time.</summary>
internal readonly record struct Lag(int MinMs, int MaxMs)
{
    public Func<TimeSpan> Of(Random random)
    {
        var (min, max) = (MinMs, MaxMs);
        return () => TimeSpan.FromMilliseconds(random.Next(min, max + 1));
    }
}

/// <summary>A loss of the client's socket: when, and how long until it is back.</summary>
internal readonly record struct ClientLoss(TimeSpan At, TimeSpan Away);

/// <summary>A loss of the silo: when, and how long until another takes over.</summary>
/// <param name="Kind">How it goes.</param>
internal readonly record struct SiloLoss(TimeSpan At, TimeSpan Away, SiloEnd Kind);

/// <summary>How a silo ends.</summary>
internal enum SiloEnd
{
    /// <summary>Killed: its sockets are closed by the system.</summary>
    Killed,

    /// <summary>Stopped, or cut off: its sockets stay open, and nobody is at the other end.</summary>
    Frozen,

    /// <summary>Alive, but out of the edge's reach: the next owner asks it to let the conversation go.</summary>
    Released,
}

/// <summary>All that decides how a conversation goes. The same schedule gives the same conversation.</summary>
internal sealed record Schedule
{
    public static readonly string[] Models =
        ["gemini-3.8-live", "gemini-3.8-live-extended-thinking", "gemini-3.1-flash-live-preview", "gemini-2.5-flash-native-audio-preview-12-2025"];

    public int Seed { get; init; } = 1;

    public string Model { get; init; } = Models[0];

    /// <summary>The client marks its turns; otherwise the microphone is always open.</summary>
    public bool Manual { get; init; }

    public int Turns { get; init; } = 3;

    /// <summary>Words per turn, of 300 ms.</summary>
    public int MaxWords { get; init; } = 5;

    /// <summary>One reply in so many is interrupted by the user; 0 for none.</summary>
    public int BargeInEvery { get; init; }

    /// <summary>One turn in so many is written instead of spoken; 0 for none.</summary>
    public int TextEvery { get; init; }

    /// <summary>Images come with one turn in so many; 0 for none.</summary>
    public int VideoEvery { get; init; }

    /// <summary>The model calls functions in one turn in so many; 0 for none.</summary>
    public int ToolEvery { get; init; }

    /// <summary>Declared behaviour of the function, or the model's default.</summary>
    public string? ToolBehavior { get; init; }

    /// <summary>How long the client takes to answer a call.</summary>
    public Lag ToolTakes { get; init; } = new(50, 900);

    /// <summary>What the user does, when a test wants it so; otherwise it is drawn from the numbers above.</summary>
    public IReadOnlyList<PlannedTurn>? Script { get; init; }

    /// <summary>Peak of the noise in the user's silence; above 200 the gateway cannot tell it from a voice.</summary>
    public short Noise { get; init; }

    public SimulatorKnobs Knobs { get; init; } = new();

    public IReadOnlyList<FaultRule> Faults { get; init; } = [];

    public TimeSpan HandleEvery { get; init; }

    /// <summary>Life of an upstream connection; ten minutes with Google.</summary>
    public TimeSpan ConnectionCap { get; init; } = TimeSpan.FromMinutes(10);

    public Lag Latency { get; init; } = new(5, 30);

    public Lag Dial { get; init; } = new(50, 250);

    /// <summary>Part of the sends that the operating system does not take at once.</summary>
    public double SlowSends { get; init; }

    public bool JournalInline { get; init; }

    public Lag JournalDelay { get; init; } = new(1, 8);

    public (TimeSpan From, TimeSpan To)? JournalOutage { get; init; }

    /// <summary>What the user does, word by word.</summary>
    public IReadOnlyList<PlannedTurn> Plan()
    {
        var turns = new List<PlannedTurn>();
        var next = PlannedTurn.FirstWord;
        if (Script is not null)
        {
            foreach (var turn in Script)
            {
                turns.Add(turn with { First = next });
                next += turn.Count;
            }

            return turns;
        }

        var random = new Random(Seed ^ 0x5EED);
        for (var i = 0; i < Turns; i++)
        {
            var turn = Draw(random) with { First = next };
            next += turn.Count;
            turns.Add(turn);
        }

        return turns;
    }

    private PlannedTurn Draw(Random random)
    {
        var written = Chance(random, TextEvery);
        var calls = Chance(random, ToolEvery);
        return new PlannedTurn
        {
            Pause = random.Next(0, 900).Ms(),
            Count = written ? random.Next(1, 3) : random.Next(1, MaxWords + 1),
            Manner = !written ? Manner.Spoken : TakesContent && random.Next(3) == 0 ? Manner.Content : Manner.Typed,
            BargeIn = Chance(random, BargeInEvery) ? random.Next(900, 2_500).Ms() : null,
            Images = Chance(random, VideoEvery) ? random.Next(1, 4) : 0,
            Calls = calls ? random.Next(1, 3) : 0,
        };
    }

    private static bool Chance(Random random, int oneIn) => oneIn > 0 && random.Next(oneIn) == 0;

    /// <summary>The model answers clientContent in the middle of a conversation; where that is disputed, clients do not.</summary>
    private bool TakesContent => ModelCatalog.Find(Model, out _).MidSessionContent == ContentRule.Anytime;

    /// <summary>When the network of the newest link fails.</summary>
    public IReadOnlyList<TimeSpan> Breaks { get; init; } = [];

    public IReadOnlyList<ClientLoss> ClientLosses { get; init; } = [];

    /// <summary>When the silo is lost; the client's edge stays.</summary>
    public IReadOnlyList<SiloLoss> SiloLosses { get; init; } = [];

    public override string ToString() =>
        $"seed {Seed}: {Model} {(Manual ? "manual" : "automatic")}, plan [{string.Join("; ", Plan())}], tools {ToolBehavior}, noise {Noise}, knobs [{Knobs.HandleCovers} {Knobs.HandleComes} {Knobs.OlderHandle} {Knobs.VadClock} {Knobs.BurstInput} {Knobs.OldSocket} {Knobs.Transcripts}], "
        + $"handles every {HandleEvery.TotalMilliseconds} ms, slow sends {SlowSends}, journal {(JournalInline ? "inline" : JournalDelay)} outage {JournalOutage}, "
        + $"faults [{string.Join("; ", Faults.Select(f => $"{f.Action} {f.Phase} connection {f.Connection} turn {f.Turn} after {f.AfterMs} ms {f.AfterFrames} frames code {f.Code} ms {f.Ms} {f.Then} {f.Form} x{f.Times}"))}], breaks [{string.Join(' ', Breaks)}], client losses [{string.Join(' ', ClientLosses)}], silo losses [{string.Join(' ', SiloLosses)}]";
}
