namespace Gemini.Live.Messages;

/// <summary>
/// Tokens of one turn (dossier §3.6): not a running total. The total is prompt plus response without thoughts, and
/// details need not add up. Vertex says <c>candidates…</c> for <c>response…</c>; both are read, the latter is written.
/// </summary>
public sealed record UsageMetadata : WireMessage
{
    public int PromptTokenCount { get; init; }

    [AlsoRead("candidatesTokenCount")]
    public int ResponseTokenCount { get; init; }

    public int ThoughtsTokenCount { get; init; }

    public int ToolUsePromptTokenCount { get; init; }

    public int CachedContentTokenCount { get; init; }

    public int TotalTokenCount { get; init; }

    public IReadOnlyList<ModalityTokens>? PromptTokensDetails { get; init; }

    [AlsoRead("candidatesTokensDetails")]
    public IReadOnlyList<ModalityTokens>? ResponseTokensDetails { get; init; }

    public IReadOnlyList<ModalityTokens>? ToolUsePromptTokensDetails { get; init; }

    public IReadOnlyList<ModalityTokens>? CacheTokensDetails { get; init; }

    public string? ServiceTier { get; init; }

    /// <summary>Vertex only.</summary>
    public string? TrafficType { get; init; }
}

/// <summary>Tokens of one modality; a zero count is absent on the wire.</summary>
public sealed record ModalityTokens : WireMessage
{
    /// <summary>TEXT, AUDIO, VIDEO, IMAGE or DOCUMENT.</summary>
    public string? Modality { get; init; }

    public int TokenCount { get; init; }
}
