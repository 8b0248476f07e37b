using Orchestrator.Journal;
using Orchestrator.Reading;

namespace Orchestrator.Grains.Transcripts;

/// <summary>One conversation in a list, folded from its journal. Total, and the same in two halves or whole.</summary>
public sealed record SummaryFold
{
    /// <summary>A planned replacement, which is no recovery to those who count them.</summary>
    private const string Rotation = "rotation";

    private SummaryFold()
    {
    }

    /// <summary>Before the first fact.</summary>
    public static SummaryFold Empty { get; } = new();

    /// <summary>True when the conversation is over; its summary does not change any more.</summary>
    public bool Ended { get; private init; }

    private string Model { get; init; } = "";

    private DateTimeOffset? CreatedAt { get; init; }

    private DateTimeOffset UpdatedAt { get; init; }

    // They count what happened, not the highest number: numbers may be missing from a journal of a newer version.
    private int Turns { get; init; }

    private int Links { get; init; }

    private int Recoveries { get; init; }

    private string? EndReason { get; init; }

    public SummaryFold Add(IEnumerable<JournalEntry> entries) => entries.Aggregate(this, (fold, entry) => fold.Add(entry));

    public SummaryFold Add(JournalEntry entry)
    {
        var next = this with { CreatedAt = CreatedAt ?? entry.At, UpdatedAt = entry.At };
        return entry.Fact switch
        {
            ConversationOpened opened => next with { Model = opened.Model ?? "" },
            TurnCommitted => next with { Turns = Turns + 1 },
            LinkOpened => next with { Links = Links + 1 },
            LinkRecovered { Kind: not Rotation } => next with { Recoveries = Recoveries + 1 },
            ConversationEnded ended => next with { Ended = true, EndReason = ended.Reason ?? "" },
            _ => next,
        };
    }

    /// <param name="isActive">An edge or a link is attached.</param>
    public ConversationSummary Result(ConversationId conversation, bool isActive) => new(
        conversation.ToString(),
        Model,
        Ended ? "ended" : isActive ? "live" : "resumable",
        CreatedAt ?? default,
        UpdatedAt,
        Turns,
        Links,
        Recoveries,
        EndReason);
}
