using System.Text;

namespace Gemini.Live.Simulator.Sessions;

internal enum MemoryKind
{
    Audio,
    Text,
    Content,
    ToolCall,
    ToolResponse,
    ActivityStart,
    ActivityEnd,
    AudioStreamEnd,
    Video,
    ContextUpdate,
    Model,
}

internal enum TurnEnding
{
    Speaking,
    Complete,
    Interrupted,

    /// <summary>The connection ended first.</summary>
    Lost,
}

/// <summary>
/// One thing that the model's context contains. Audio entries are one received frame each, so that a handle
/// can cover any number of them; readers see runs of them joined.
/// </summary>
internal sealed class MemoryEntry(MemoryKind kind, int connection, DateTimeOffset at)
{
    public MemoryKind Kind { get; } = kind;

    public int Connection { get; } = connection;

    public DateTimeOffset At { get; } = at;

    /// <summary>User audio as received; empty when <see cref="SimulatorOptions.KeepAudio"/> is off.</summary>
    public byte[] Pcm { get; init; } = [];

    /// <summary>Length of the user audio in samples.</summary>
    public int Samples { get; init; }

    public int Rate { get; init; } = 16_000;

    /// <summary>The user turn that the audio belongs to; null outside of speech.</summary>
    public int? InTurn { get; set; }

    /// <summary>The audio weighs in the context window; silence outside of activity does not for most models.</summary>
    public bool Counts { get; set; }

    /// <summary>Role of content, mime type of video, id of a call.</summary>
    public string? Role { get; init; }

    /// <summary>Text, or the JSON of a call, result or update.</summary>
    public string Text { get; init; } = "";

    public string? Id { get; init; }

    /// <summary>Content that a 2.5 model ignores until a turnComplete comes.</summary>
    public bool Pending { get; set; }

    /// <summary>Forgotten by compression of the context window.</summary>
    public bool Evicted { get; set; }

    /// <summary>For model turns: number, words sent, audio sent, ending.</summary>
    public int Turn { get; init; }

    public StringBuilder Said { get; } = new();

    /// <summary>Where the turn's audio begins in the session's model audio; one reply is sent at a time, so it is one piece.</summary>
    public long AudioFrom { get; init; }

    public int AudioBytes { get; set; }

    public TurnEnding Ending { get; set; }

    /// <summary>For model turns: how many entries the memory had when it ended; calls and results may stand between.</summary>
    public int EndedAt { get; set; }

    /// <summary>What the entry weighs in the context window (dossier §4: 25 tokens per second of audio, 258 per image).</summary>
    public double Tokens => Kind switch
    {
        MemoryKind.Audio => Counts ? (double)Samples / Rate * 25 : 0,
        MemoryKind.Model => (AudioBytes / 48_000.0 * 25) + (Said.Length / 4.0),
        MemoryKind.Video => 258,
        _ => Text.Length / 4.0,
    };

    public bool IsAudio => Kind is MemoryKind.Audio or MemoryKind.Model;
}
