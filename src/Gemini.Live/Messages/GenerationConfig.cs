namespace Gemini.Live.Messages;

/// <summary><c>setup.generationConfig</c> (dossier §2.1).</summary>
public sealed record GenerationConfig : WireMessage
{
    public IReadOnlyList<string>? ResponseModalities { get; init; }

    public double? Temperature { get; init; }

    public double? TopP { get; init; }

    public double? TopK { get; init; }

    public int? MaxOutputTokens { get; init; }

    public int? Seed { get; init; }

    public int? CandidateCount { get; init; }

    public double? PresencePenalty { get; init; }

    public double? FrequencyPenalty { get; init; }

    public string? MediaResolution { get; init; }

    public SpeechConfig? SpeechConfig { get; init; }

    public ThinkingConfig? ThinkingConfig { get; init; }

    public bool? EnableAffectiveDialog { get; init; }

    public TranslationConfig? TranslationConfig { get; init; }
}

/// <summary>Voice and language of the model.</summary>
public sealed record SpeechConfig : WireMessage
{
    public VoiceConfig? VoiceConfig { get; init; }

    public string? LanguageCode { get; init; }
}

/// <summary>One of the two ways to name a voice.</summary>
public sealed record VoiceConfig : WireMessage
{
    public PrebuiltVoiceConfig? PrebuiltVoiceConfig { get; init; }

    public ReplicatedVoiceConfig? ReplicatedVoiceConfig { get; init; }
}

/// <summary>A voice of Google's.</summary>
public sealed record PrebuiltVoiceConfig : WireMessage
{
    public string? VoiceName { get; init; }
}

/// <summary>A voice after a sample; consent audio is answered with a signature in <c>setupComplete</c>.</summary>
public sealed record ReplicatedVoiceConfig : WireMessage
{
    public string? MimeType { get; init; }

    public string? VoiceSampleAudio { get; init; }

    public string? ConsentAudio { get; init; }

    public VoiceConsentSignature? VoiceConsentSignature { get; init; }
}

/// <summary>Proof that consent audio was verified.</summary>
public sealed record VoiceConsentSignature : WireMessage
{
    public string? Signature { get; init; }
}

/// <summary>Reasoning: a budget or a level, by model.</summary>
public sealed record ThinkingConfig : WireMessage
{
    public bool? IncludeThoughts { get; init; }

    /// <summary>0 switches it off, which is not the same as absent.</summary>
    public int? ThinkingBudget { get; init; }

    public string? ThinkingLevel { get; init; }
}

/// <summary>Speech-to-speech translation.</summary>
public sealed record TranslationConfig : WireMessage
{
    public string? TargetLanguageCode { get; init; }

    public bool? EchoTargetLanguage { get; init; }
}
