using Orchestrator.Journal;

namespace Orchestrator.Reading;

/// <summary>Read side of conversations for the REST API: everything is computed from the journal.</summary>
public interface IConversationReader
{
    /// <summary>A page of a tenant's conversations, newest first.</summary>
    Task<IReadOnlyList<ConversationSummary>> ListAsync(TenantId tenant, ConversationId? before, int limit, CancellationToken cancellation);

    /// <summary>Null when the tenant has no such conversation.</summary>
    Task<ConversationSummary?> FindAsync(TenantId tenant, ConversationId conversation, CancellationToken cancellation);

    /// <summary>Null when the tenant has no such conversation.</summary>
    Task<Transcript?> TranscriptAsync(TenantId tenant, ConversationId conversation, CancellationToken cancellation);

    /// <summary>Null when the tenant has no such conversation.</summary>
    Task<UsageReport?> UsageAsync(TenantId tenant, ConversationId conversation, CancellationToken cancellation);

    /// <summary>Facts after a position, oldest first; null when the tenant has no such conversation.
    /// Upstream handles are removed.</summary>
    Task<IReadOnlyList<JournalEntry>?> FactsAsync(TenantId tenant, ConversationId conversation, long after, CancellationToken cancellation);

    /// <summary>Facts after a position, then every new one as it becomes durable, until the conversation ends or the caller cancels.</summary>
    IAsyncEnumerable<JournalEntry> TailAsync(TenantId tenant, ConversationId conversation, long after, CancellationToken cancellation);
}

/// <summary>One conversation in a list.</summary>
/// <param name="State"><c>live</c> (an edge or a link is attached), <c>resumable</c>, <c>ended</c>, or <c>damaged</c>
/// (its journal cannot be read; only in lists, where it must not hide the others).</param>
/// <param name="Recoveries">Upstream connections that were lost, or stalled, and got a successor; planned rotations are not counted.</param>
public sealed record ConversationSummary(
    string Id,
    string Model,
    string State,
    DateTimeOffset CreatedAt,
    DateTimeOffset UpdatedAt,
    int Turns,
    int Links,
    int Recoveries,
    string? EndReason);

/// <summary>What was said, folded from the journal.</summary>
public sealed record Transcript(string ConversationId, DateTimeOffset CreatedAt, IReadOnlyList<TranscriptTurn> Turns);

/// <summary>One committed turn of the transcript.</summary>
public sealed record TranscriptTurn(int Turn, TurnEnding Ending, Utterance? User, Utterance? Model, IReadOnlyList<TranscriptToolCall> ToolCalls);

/// <summary>A function call inside a turn, with its result when one was received.</summary>
public sealed record TranscriptToolCall(string Id, string Name, System.Text.Json.JsonElement Args, System.Text.Json.JsonElement? Response, bool Cancelled);

/// <summary>Tokens by modality, as upstream names them; <c>Unattributed</c> is what the details leave open.</summary>
public sealed record TokenCount(long Total, IReadOnlyDictionary<string, long> ByModality, long Unattributed);

/// <summary>What a conversation used, folded from the journal. Totals are sums of the turns: upstream counts per turn.</summary>
public sealed record UsageReport(
    string ConversationId,
    TokenCount Prompt,
    TokenCount Response,
    long Thoughts,
    long ToolUsePrompt,
    long Cached,
    long UserAudioMs,
    long ModelAudioMs,
    int TurnsWithoutUsage,
    IReadOnlyList<TurnUsage> Turns);

/// <summary>One turn's usage. <c>Estimated</c> when upstream sent none and the byte meter (25 tokens/s) stands in.</summary>
public sealed record TurnUsage(int Turn, long Prompt, long Response, long Thoughts, bool Estimated);
