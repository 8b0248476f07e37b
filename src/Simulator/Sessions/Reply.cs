using Gemini.Live.Simulator.Faults;
using Gemini.Live.Simulator.Model;
using Gemini.Live.Simulator.Protocol;

namespace Gemini.Live.Simulator.Sessions;

/// <summary>One part of a reply.</summary>
internal abstract record Stage
{
    internal sealed record Say(string Text, ReadOnlyMemory<byte> Pcm, string? Thought) : Stage;

    internal sealed record Call(IReadOnlyList<ScriptedCall> Calls, bool Waits) : Stage;

    /// <summary>generationComplete, and turnComplete when playback would be over.</summary>
    internal sealed record EndTurn(string? InteractionStatus) : Stage;
}

/// <summary>What faults make of one turn.</summary>
internal sealed record TurnFaults(bool Stall, bool Empty, bool Early, bool OmitUsage, FaultRule? DuplicateTranscription, ReplyShape Shape);

/// <summary>A reply from the end of the user's turn to its last turnComplete.</summary>
internal sealed class Reply(ScriptedReply script, TurnFaults faults, IEnumerable<Stage> stages)
{
    public ScriptedReply Script { get; } = script;

    public TurnFaults Faults { get; } = faults;

    /// <summary>What the user said that this answers.</summary>
    public string Heard { get; init; } = "";

    public Queue<Stage> Stages { get; } = new(stages);

    /// <summary>Nothing was sent yet.</summary>
    public bool IsAwaiting { get; set; } = true;

    public bool WaitsForTools { get; set; }

    /// <summary>The turn in the memory, once something was said.</summary>
    public MemoryEntry? Entry { get; set; }

    public IReadOnlyList<PlannedStep> Steps { get; set; } = [];

    public int NextStep { get; set; }

    public DateTimeOffset StageBegan { get; set; }

    public bool FirstPart { get; set; } = true;

    /// <summary>When playback of all audio sent so far ends.</summary>
    public DateTimeOffset PlaybackEnds { get; set; }

    public long AudioBytes { get; set; }

    public SimTimer? Timer { get; set; }

    /// <summary>Context size when the model last began to read it: at the turn's begin, or at the tools' results.</summary>
    public TurnUsage Usage { get; set; }
}
