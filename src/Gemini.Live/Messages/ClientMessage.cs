using System.Text.Json;

namespace Gemini.Live.Messages;

/// <summary>What a client sends: exactly one member (dossier §2).</summary>
public sealed record ClientMessage : WireMessage
{
    public SetupMessage? Setup { get; init; }

    public ClientContent? ClientContent { get; init; }

    public RealtimeInput? RealtimeInput { get; init; }

    public ToolResponse? ToolResponse { get; init; }

    public ContextUpdate? ContextUpdate { get; init; }
}

/// <summary>History or text turns, in order; interrupts a running generation (dossier §2.4).</summary>
public sealed record ClientContent : WireMessage
{
    public IReadOnlyList<Content>? Turns { get; init; }

    public bool TurnComplete { get; init; }
}

/// <summary>What happens now: audio, images, text, activity. The SDKs send one member per message (dossier §2.5).</summary>
public sealed record RealtimeInput : WireMessage
{
    public Blob? Audio { get; init; }

    public Blob? Video { get; init; }

    public string? Text { get; init; }

    public Marker? ActivityStart { get; init; }

    public Marker? ActivityEnd { get; init; }

    public bool AudioStreamEnd { get; init; }

    /// <summary>Deprecated: Google closes with 1007 on it.</summary>
    public IReadOnlyList<Blob>? MediaChunks { get; init; }
}

/// <summary>Results of function calls (dossier §2.6).</summary>
public sealed record ToolResponse : WireMessage
{
    public IReadOnlyList<FunctionResponse>? FunctionResponses { get; init; }
}

/// <summary>One result.</summary>
public sealed record FunctionResponse : WireMessage
{
    public string? Id { get; init; }

    public string? Name { get; init; }

    /// <summary>Members <c>output</c> and <c>error</c> have meaning; without them all of it is the output.</summary>
    public JsonElement? Response { get; init; }

    /// <summary>SILENT, WHEN_IDLE or INTERRUPT; for NON_BLOCKING calls.</summary>
    public string? Scheduling { get; init; }

    /// <summary>The call stays open for more results.</summary>
    public bool? WillContinue { get; init; }

    public IReadOnlyList<Part>? Parts { get; init; }
}

/// <summary>Changes instruction or tools in mid-session (dossier §2.8); support differs by model.</summary>
public sealed record ContextUpdate : WireMessage
{
    public Content? SystemInstruction { get; init; }

    /// <summary>The wrapper lets an empty list mean: no tools any more.</summary>
    public ToolList? Tools { get; init; }
}

/// <summary>A list of tools as a message of its own.</summary>
public sealed record ToolList : WireMessage
{
    public IReadOnlyList<Tool>? Tools { get; init; }
}
