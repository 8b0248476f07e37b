using System.Text.Json;

namespace Orchestrator.Grains.Turns;

/// <summary>The turn in progress: what will be committed when it ends.</summary>
public sealed record TurnDraft
{
    public static readonly TurnDraft Empty = new();

    /// <summary>True from the model's first reaction on: what the user says then belongs to the next turn.</summary>
    public bool Answering { get; init; }

    /// <summary>Last input position that the model's answer is an answer to.</summary>
    public long AnsweredTo { get; init; }

    /// <summary>What the user said in this turn, typed or transcribed.</summary>
    public string UserText { get; init; } = "";

    /// <summary>The part of <see cref="UserText"/> that was typed: upstream does not transcribe it again after a replay.</summary>
    public string Typed { get; init; } = "";

    /// <summary>Words of the user that came while the model was answering; they open the next turn.</summary>
    public string NextUserText { get; init; } = "";

    /// <summary>The typed part of <see cref="NextUserText"/>.</summary>
    public string NextTyped { get; init; } = "";

    /// <summary>When the user finished those words; 0 when still speaking or silent.</summary>
    public long NextAskedAt { get; init; }

    public string ModelText { get; init; } = "";

    /// <summary>The user's speech, taken from the counters when the model began to answer; times in ms, 0 when silent.</summary>
    public (long FirstAt, long LastAt, long VoicedMs) Speech { get; init; }

    /// <summary>When the user's turn was over: last voiced audio, activity end, text; 0 when the model speaks unprompted.</summary>
    public long AskedAt { get; init; }

    public JsonElement? Usage { get; init; }
}
