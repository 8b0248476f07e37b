using System.Collections.Immutable;
using System.Text.Json;

namespace Orchestrator.Grains.Usage;

/// <summary>Tokens of one kind, with the share that upstream attributed to modalities.</summary>
internal sealed record Tokens(long Total, ImmutableSortedDictionary<string, long> ByModality)
{
    public static readonly Tokens Zero = new(0, ImmutableSortedDictionary.Create<string, long>(StringComparer.Ordinal));

    /// <summary>Upstream's details need not add up to its totals (dossier §3.6).</summary>
    public long Unattributed => Math.Max(0, Total - ByModality.Values.Sum());

    public static Tokens operator +(Tokens a, Tokens b) => new(
        a.Total + b.Total,
        b.ByModality.Aggregate(a.ByModality, (sum, m) => sum.SetItem(m.Key, sum.GetValueOrDefault(m.Key) + m.Value)));
}

/// <summary>
/// One <c>usageMetadata</c>, in either naming family: the Developer API says <c>responseTokenCount</c>, Vertex
/// <c>candidatesTokenCount</c>. Counts may be numbers or strings; zeros are omitted on the wire (dossier §1.4, §3.6).
/// Whatever does not have the expected shape counts as zero.
/// </summary>
internal sealed record UpstreamUsage(Tokens Prompt, Tokens Response, long Thoughts, long ToolUsePrompt, long Cached)
{
    // No context window comes near it; it keeps nonsense from overflowing a sum.
    private const long Plausible = 1_000_000_000_000;

    public static readonly UpstreamUsage Zero = new(Tokens.Zero, Tokens.Zero, 0, 0, 0);

    public static UpstreamUsage operator +(UpstreamUsage a, UpstreamUsage b) =>
        new(a.Prompt + b.Prompt, a.Response + b.Response, a.Thoughts + b.Thoughts, a.ToolUsePrompt + b.ToolUsePrompt, a.Cached + b.Cached);

    /// <summary>Null when it is not an object.</summary>
    public static UpstreamUsage? Read(JsonElement? metadata)
    {
        if (metadata is not { ValueKind: JsonValueKind.Object } usage)
        {
            return null;
        }

        var vertex = usage.TryGetProperty("candidatesTokenCount", out _) || usage.TryGetProperty("candidatesTokensDetails", out _);
        return new UpstreamUsage(
            ReadTokens(usage, "promptTokenCount", "promptTokensDetails"),
            vertex ? ReadTokens(usage, "candidatesTokenCount", "candidatesTokensDetails") : ReadTokens(usage, "responseTokenCount", "responseTokensDetails"),
            Count(usage, "thoughtsTokenCount"),
            Count(usage, "toolUsePromptTokenCount"),
            Count(usage, "cachedContentTokenCount"));
    }

    private static Tokens ReadTokens(JsonElement usage, string total, string details)
    {
        var byModality = Tokens.Zero.ByModality;
        if (usage.TryGetProperty(details, out var list) && list.ValueKind == JsonValueKind.Array)
        {
            foreach (var detail in list.EnumerateArray())
            {
                if (detail.ValueKind == JsonValueKind.Object
                    && Modality(detail) is { } modality
                    && Count(detail, "tokenCount") is > 0 and var count)
                {
                    byModality = byModality.SetItem(modality, byModality.GetValueOrDefault(modality) + count);
                }
            }
        }

        return new Tokens(Count(usage, total), byModality);
    }

    private static string? Modality(JsonElement detail)
    {
        if (!detail.TryGetProperty("modality", out var modality) || modality.ValueKind != JsonValueKind.String)
        {
            return null;
        }

        // GetString throws on a lone surrogate escape; no modality has an escape at all.
        var raw = modality.GetRawText();
        return raw.Contains('\\', StringComparison.Ordinal) ? null : raw[1..^1];
    }

    private static long Count(JsonElement owner, string name)
    {
        if (!owner.TryGetProperty(name, out var value))
        {
            return 0;
        }

        var text = value.ValueKind switch
        {
            JsonValueKind.Number => value.GetRawText(),
            JsonValueKind.String => value.GetRawText().Trim('"'),
            _ => "",
        };
        return long.TryParse(text, out var count) ? Math.Clamp(count, 0, Plausible) : 0;
    }
}
