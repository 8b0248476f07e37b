using System.Collections.Immutable;
using Gemini.Live.Scanning;

namespace Orchestrator.Grains.Conversations;

/// <summary>
/// What a client has heard of the turn in progress when the silo that served it was lost; its edge is the witness
/// (<see cref="Attach.EdgeMemory"/>).
/// </summary>
/// <param name="LastOutput">Number of the newest output frame that it got.</param>
/// <param name="LastTurnEnd">Number of the newest <c>turnComplete</c> among them.</param>
/// <param name="AwayMs">Milliseconds since the loss.</param>
public sealed record ClientHas(long LastOutput, long LastTurnEnd, long AwayMs)
{
    /// <summary>The user's words since that turn's end, as transcribed.</summary>
    public string UserText { get; init; } = "";

    /// <summary>The model's words since then.</summary>
    public string ModelText { get; init; } = "";

    /// <summary>Milliseconds of the model's audio since then.</summary>
    public long SpokenMs { get; init; }

    /// <summary>Everything that came since then.</summary>
    public ServerParts Parts { get; init; }

    /// <summary>Functions that it was asked for since then, by the ids that it knows.</summary>
    public ImmutableHashSet<string> Calls { get; init; } = [];

    /// <summary>Something of a reply came, and not its end.</summary>
    public bool IsInReply => SpokenMs > 0 || (Parts & Turns.ModelTurn.ModelOutput) != 0;
}
