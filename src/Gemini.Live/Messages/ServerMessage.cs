using System.Text.Json;
using System.Text.Json.Serialization;

namespace Gemini.Live.Messages;

/// <summary>What the server sends: at most one member of the union, and usage beside it (dossier §3). Empty ones occur.</summary>
public sealed record ServerMessage : WireMessage
{
    public SetupComplete? SetupComplete { get; init; }

    public ServerContent? ServerContent { get; init; }

    public ToolCall? ToolCall { get; init; }

    public ToolCallCancellation? ToolCallCancellation { get; init; }

    public GoAway? GoAway { get; init; }

    public SessionResumptionUpdate? SessionResumptionUpdate { get; init; }

    public VoiceActivity? VoiceActivity { get; init; }

    public VoiceActivityDetectionSignal? VoiceActivityDetectionSignal { get; init; }

    public UsageMetadata? UsageMetadata { get; init; }

    /// <summary>Also seen here instead of in <see cref="Messages.ServerContent"/>.</summary>
    public string? InteractionStatus { get; init; }
}

/// <summary>The setup was accepted.</summary>
public sealed record SetupComplete : WireMessage
{
    /// <summary>Vertex only.</summary>
    public string? SessionId { get; init; }

    public VoiceConsentSignature? VoiceConsentSignature { get; init; }
}

/// <summary>What the model says, and the state of its turn (dossier §3.2).</summary>
public sealed record ServerContent : WireMessage
{
    public Content? ModelTurn { get; init; }

    public bool GenerationComplete { get; init; }

    public bool TurnComplete { get; init; }

    public bool Interrupted { get; init; }

    public Transcription? InputTranscription { get; init; }

    public Transcription? InterimInputTranscription { get; init; }

    public Transcription? OutputTranscription { get; init; }

    public JsonElement? GroundingMetadata { get; init; }

    public JsonElement? UrlContextMetadata { get; init; }

    public string? TurnCompleteReason { get; init; }

    public bool WaitingForInput { get; init; }

    /// <summary>IN_PROGRESS or IDLE.</summary>
    public string? InteractionStatus { get; init; }

    /// <summary>Vertex only: NON_SPEECH or SPEECH.</summary>
    public string? SpeechState { get; init; }
}

/// <summary>A fragment of what was said; concatenate without adding spaces.</summary>
public sealed record Transcription : WireMessage
{
    public string? Text { get; init; }

    public bool Finished { get; init; }

    public string? LanguageCode { get; init; }

    public string? SpeakerLabel { get; init; }

    public IReadOnlyList<JsonElement>? Words { get; init; }

    public string? StartOffset { get; init; }

    public string? EndOffset { get; init; }
}

/// <summary>Functions to call; several may come at once.</summary>
public sealed record ToolCall : WireMessage
{
    public IReadOnlyList<FunctionCall>? FunctionCalls { get; init; }
}

/// <summary>Calls whose results nobody waits for any more.</summary>
public sealed record ToolCallCancellation : WireMessage
{
    public IReadOnlyList<string>? Ids { get; init; }
}

/// <summary>The connection will be closed.</summary>
public sealed record GoAway : WireMessage
{
    /// <summary>A duration such as <c>50s</c>.</summary>
    public string? TimeLeft { get; init; }
}

/// <summary>A handle, or the news that there is none at the moment (dossier §3.5).</summary>
public sealed record SessionResumptionUpdate : WireMessage
{
    public string? NewHandle { get; init; }

    public bool Resumable { get; init; }

    [JsonNumberHandling(JsonNumberHandling.AllowReadingFromString | JsonNumberHandling.WriteAsString)]
    public long? LastConsumedClientMessageIndex { get; init; }
}

/// <summary>Start or end of the user's speech.</summary>
public sealed record VoiceActivity : WireMessage
{
    /// <summary>ACTIVITY_START or ACTIVITY_END.</summary>
    public string? Type { get; init; }

    public string? AudioOffset { get; init; }
}

/// <summary>The older form of <see cref="VoiceActivity"/>, for allowlisted projects.</summary>
public sealed record VoiceActivityDetectionSignal : WireMessage
{
    public string? VadSignalType { get; init; }
}
