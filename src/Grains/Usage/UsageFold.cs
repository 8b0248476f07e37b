using System.Collections.Immutable;
using Orchestrator.Journal;
using Orchestrator.Reading;

namespace Orchestrator.Grains.Usage;

/// <summary>
/// What a conversation used, as a fold over the journal. Upstream counts per turn, so the conversation is the sum
/// of its turns; total means prompt plus response, thoughts are counted apart (dossier §3.6). Total, immutable, and
/// the same in two halves or whole; the order of facts of different turns does not matter.
/// </summary>
public sealed record UsageFold
{
    /// <summary>Audio tokens per second in both directions (dossier §8).</summary>
    private const long AudioTokensPerSecond = 25;

    private UsageFold()
    {
    }

    /// <summary>Before the first fact.</summary>
    public static UsageFold Empty { get; } = new();

    private ImmutableSortedDictionary<int, TurnCommitted> Committed { get; init; } = ImmutableSortedDictionary<int, TurnCommitted>.Empty;

    private ImmutableDictionary<int, UpstreamUsage> Amended { get; init; } = ImmutableDictionary<int, UpstreamUsage>.Empty;

    public UsageFold Add(IEnumerable<JournalEntry> entries) => entries.Aggregate(this, (fold, entry) => fold.Add(entry));

    public UsageFold Add(JournalEntry entry) => entry.Fact switch
    {
        TurnCommitted turn => this with { Committed = Committed.SetItem(turn.Turn, turn) },
        TurnAmended amended when UpstreamUsage.Read(amended.Usage) is { } usage =>
            this with { Amended = Amended.SetItem(amended.Turn, Amended.GetValueOrDefault(amended.Turn, UpstreamUsage.Zero) + usage) },
        _ => this,
    };

    public UsageReport Result(ConversationId conversation)
    {
        var turns = Committed.Values.Select(turn => (Turn: turn, Usage: Reported(turn) ?? Estimate(turn), Estimated: Reported(turn) is null)).ToList();
        var sum = turns.Aggregate(UpstreamUsage.Zero, (total, turn) => total + turn.Usage);
        return new UsageReport(
            conversation.ToString(),
            Count(sum.Prompt, turns.Sum(t => t.Usage.Prompt.Unattributed)),
            Count(sum.Response, turns.Sum(t => t.Usage.Response.Unattributed)),
            sum.Thoughts,
            sum.ToolUsePrompt,
            sum.Cached,
            turns.Sum(t => AudioMs(t.Turn.User)),
            turns.Sum(t => AudioMs(t.Turn.Model)),
            turns.Count(t => t.Estimated),
            [.. turns.Select(t => new TurnUsage(t.Turn.Turn, t.Usage.Prompt.Total, t.Usage.Response.Total, t.Usage.Thoughts, t.Estimated))]);
    }

    private UpstreamUsage? Reported(TurnCommitted turn)
    {
        var committed = UpstreamUsage.Read(turn.Usage);
        return Amended.TryGetValue(turn.Turn, out var amended) ? (committed ?? UpstreamUsage.Zero) + amended : committed;
    }

    // A lower bound: upstream also bills the context that it reads again, which only upstream knows.
    private static UpstreamUsage Estimate(TurnCommitted turn) =>
        UpstreamUsage.Zero with { Prompt = AudioTokens(turn.User), Response = AudioTokens(turn.Model) };

    private static Tokens AudioTokens(Utterance? said)
    {
        var tokens = ((AudioMs(said) * AudioTokensPerSecond) + 999) / 1000;
        return tokens == 0 ? Tokens.Zero : new Tokens(tokens, Tokens.Zero.ByModality.Add("AUDIO", tokens));
    }

    // A conversation lasts hours at most; the clamp keeps a damaged number from overflowing a sum.
    private static long AudioMs(Utterance? said) => Math.Clamp(said?.AudioMs ?? 0, 0, int.MaxValue);

    private static TokenCount Count(Tokens tokens, long unattributed) => new(tokens.Total, tokens.ByModality, unattributed);
}
