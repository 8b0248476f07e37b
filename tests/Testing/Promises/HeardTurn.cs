namespace Orchestrator.Testing.Promises;

/// <summary>A turn of the model as the client had it, up to one turnComplete.</summary>
/// <param name="InProgress">The model said that more turns answer the same request.</param>
public sealed record HeardTurn(byte[] Audio, string Words, bool Interrupted, bool Ended, bool InProgress, DateTimeOffset From, DateTimeOffset To)
{
    /// <summary>The frames' audio, each by itself.</summary>
    public IReadOnlyList<byte[]> Parts { get; init; } = [];

    /// <summary>The model asked for a function in it.</summary>
    public bool Calls { get; init; }
}
