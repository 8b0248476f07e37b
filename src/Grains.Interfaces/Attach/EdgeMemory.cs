namespace Orchestrator.Attach;

/// <summary>
/// What an edge knows of its client's session when the silo that served it is gone: the only witness of what the client has
/// heard since the last fact that is durable, and the owner of the input that no fact covers.
/// </summary>
public sealed record EdgeMemory
{
    /// <summary>Input up to here was said not to be needed any more (<see cref="IEdge.Durable"/>); what is missing behind it is lost. The grain goes on after what it knows, and is handed the rest.</summary>
    public required long SettledInput { get; init; }

    /// <summary>Number of the newest output frame that went to the client.</summary>
    public required long LastOutput { get; init; }

    /// <summary>Number of the newest <c>turnComplete</c> among them; where this edge began when there was none.</summary>
    public required long LastTurnEnd { get; init; }

    /// <summary>Milliseconds of audio since then.</summary>
    public int SpokenMs { get; init; }

    /// <summary>Frames since then that were more than audio, whole and in order.</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>> Frames { get; init; } = [];

    /// <summary>Milliseconds since the edge was last served.</summary>
    public long AwayMs { get; init; }

    /// <summary>Epoch of the owner that served the edge last: from nobody else can anything have been heard since.</summary>
    public long Epoch { get; init; }
}
