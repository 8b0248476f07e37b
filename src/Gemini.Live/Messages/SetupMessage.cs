using System.Text.Json;
using System.Text.Json.Serialization;

namespace Gemini.Live.Messages;

/// <summary>The first message of a connection (dossier §2.1).</summary>
public sealed record SetupMessage : WireMessage
{
    public string? Model { get; init; }

    public GenerationConfig? GenerationConfig { get; init; }

    public Content? SystemInstruction { get; init; }

    public IReadOnlyList<Tool>? Tools { get; init; }

    public RealtimeInputConfig? RealtimeInputConfig { get; init; }

    public SessionResumptionConfig? SessionResumption { get; init; }

    public ContextWindowCompressionConfig? ContextWindowCompression { get; init; }

    public AudioTranscriptionConfig? InputAudioTranscription { get; init; }

    public AudioTranscriptionConfig? OutputAudioTranscription { get; init; }

    public ProactivityConfig? Proactivity { get; init; }

    public HistoryConfig? HistoryConfig { get; init; }

    /// <summary>Vertex only.</summary>
    public bool? ExplicitVadSignal { get; init; }

    public JsonElement? AvatarConfig { get; init; }

    public IReadOnlyList<JsonElement>? SafetySettings { get; init; }

    public IReadOnlyDictionary<string, string>? Labels { get; init; }

    /// <summary>Content that compression never drops.</summary>
    public IReadOnlyList<Content>? PrefixTurns { get; init; }
}

/// <summary><c>setup.sessionResumption</c>; an empty object asks for handles.</summary>
public sealed record SessionResumptionConfig : WireMessage
{
    public string? Handle { get; init; }

    /// <summary>Vertex only.</summary>
    public bool? Transparent { get; init; }
}

/// <summary><c>setup.contextWindowCompression</c>.</summary>
public sealed record ContextWindowCompressionConfig : WireMessage
{
    [JsonNumberHandling(JsonNumberHandling.AllowReadingFromString | JsonNumberHandling.WriteAsString)]
    public long? TriggerTokens { get; init; }

    public SlidingWindow? SlidingWindow { get; init; }
}

/// <summary>Keeps the newest part of the context.</summary>
public sealed record SlidingWindow : WireMessage
{
    [JsonNumberHandling(JsonNumberHandling.AllowReadingFromString | JsonNumberHandling.WriteAsString)]
    public long? TargetTokens { get; init; }
}

/// <summary>Switches a transcription on; all members are hints.</summary>
public sealed record AudioTranscriptionConfig : WireMessage
{
    public IReadOnlyList<string>? LanguageCodes { get; init; }

    public IReadOnlyList<string>? CustomVocabulary { get; init; }

    public bool? WordTimestamp { get; init; }

    public bool? Diarization { get; init; }

    /// <summary>VERBATIM or SMART.</summary>
    public string? Mode { get; init; }
}

/// <summary><c>setup.proactivity</c>; <c>proactiveAudio:false</c> is not the same as absent on every model.</summary>
public sealed record ProactivityConfig : WireMessage
{
    public bool? ProactiveAudio { get; init; }

    public bool? ProactiveVideo { get; init; }
}

/// <summary><c>setup.historyConfig</c>.</summary>
public sealed record HistoryConfig : WireMessage
{
    public bool InitialHistoryInClientContent { get; init; }
}

/// <summary><c>setup.realtimeInputConfig</c> (dossier §2.3).</summary>
public sealed record RealtimeInputConfig : WireMessage
{
    public AutomaticActivityDetection? AutomaticActivityDetection { get; init; }

    public string? ActivityHandling { get; init; }

    public string? TurnCoverage { get; init; }

    public bool? InterimTranscriptTimestampEnabled { get; init; }
}

/// <summary>Google's own activity detection.</summary>
public sealed record AutomaticActivityDetection : WireMessage
{
    /// <summary>True: the client sends activityStart and activityEnd.</summary>
    public bool Disabled { get; init; }

    public string? StartOfSpeechSensitivity { get; init; }

    public string? EndOfSpeechSensitivity { get; init; }

    public int? PrefixPaddingMs { get; init; }

    public int? SilenceDurationMs { get; init; }
}
