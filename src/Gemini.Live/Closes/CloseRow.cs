using Gemini.Live.Links;

namespace Gemini.Live.Closes;

/// <summary>How a row's text is compared with the reason; ordinal, case counts.</summary>
public enum ReasonMatch
{
    Any,
    Exact,
    Prefix,
    Contains,
}

/// <summary>A pattern of close reasons. Close frames cut reasons at 123 bytes, so long texts are known by their beginning.</summary>
public readonly record struct ReasonPattern(ReasonMatch Match, string Text)
{
    public static readonly ReasonPattern Any = new(ReasonMatch.Any, "");

    public bool Matches(string reason) => Match switch
    {
        ReasonMatch.Exact => reason == Text,
        ReasonMatch.Prefix => reason.StartsWith(Text, StringComparison.Ordinal),
        ReasonMatch.Contains => reason.Contains(Text, StringComparison.Ordinal),
        _ => true,
    };
}

/// <summary>One line of <see cref="CloseTaxonomy"/>: conditions that must all hold, and what is then the case.</summary>
public sealed record CloseRow
{
    /// <summary>What a close frame without a code counts as (RFC 6455 §7.1.5).</summary>
    public const int NoCode = 1005;

    /// <summary>How it was observed; null for any way.</summary>
    public LinkLossKind? Kind { get; init; }

    /// <summary>HTTP status of a refused dial; null for any or none.</summary>
    public int? HttpStatus { get; init; }

    /// <summary>Close code; null for any.</summary>
    public int? Code { get; init; }

    public ReasonPattern Reason { get; init; }

    /// <summary>Phases in which the row holds.</summary>
    public ClosePhase Phases { get; init; } = ClosePhase.Any;

    /// <summary>Facts that must be known to be so.</summary>
    public CloseFacts Facts { get; init; }

    public required CloseVerdict Verdict { get; init; }

    /// <summary>Where it is known from: sections of the protocol dossier, or the reasoning.</summary>
    public required string Source { get; init; }

    public bool Matches(LinkEnding ending) =>
        (Kind is null || Kind == ending.Loss.Kind)
        && (HttpStatus is null || HttpStatus == ending.Loss.HttpStatus)
        && (Code is null || Code == (ending.Loss.Code ?? NoCode))
        && (Phases == ClosePhase.Any || (Phases & ending.Phase) != 0)
        && (Facts & ~ending.Facts) == 0
        && Reason.Matches(ending.Loss.Reason);
}
