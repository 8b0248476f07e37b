using System.Collections.Immutable;
using Gemini.Live.Closes;
using Gemini.Live.Links;

namespace Orchestrator.Grains.Recovery;

/// <summary>
/// One recovery: from the first loss until a link is healthy again. A link that is lost before it was healthy belongs to
/// the same recovery, so that its budgets cannot be had again and again.
/// </summary>
/// <param name="Kind">What set it off.</param>
/// <param name="FromLink">The link that was lost or replaced.</param>
/// <param name="SinceMs">When the present outage began: the loss, the decision to rotate, or the first dial.</param>
/// <param name="Cause">Why the link was lost.</param>
/// <param name="Code">Close code, if there was one.</param>
public sealed record RecoveryEpisode(RecoveryKind Kind, int FromLink, long SinceMs, CloseCause Cause, int? Code)
{
    /// <summary>Time without a link in earlier outages of this recovery.</summary>
    public long OutageMs { get; init; }

    /// <summary>Links tried in this outage.</summary>
    public int Tries { get; init; }

    /// <summary>Tries in this recovery that failed, on the present endpoint: what the back-off counts.</summary>
    public int Failures { get; init; }

    public int ResumeTries { get; init; }

    public int FreshTries { get; init; }

    public int DialFailures { get; init; }

    public int OldSocketWaits { get; init; }

    /// <summary>Endpoints that this recovery has left behind.</summary>
    public ImmutableHashSet<string> Spent { get; init; } = ImmutableHashSet<string>.Empty;

    /// <summary>The context was full: halves what the next session is told, each time.</summary>
    public int Shortened { get; init; }

    /// <summary>The newest ending, for the case that it is the last.</summary>
    public LinkLoss? Last { get; init; }

    /// <summary>Milliseconds from the loss to the moment at which the replay was out; null before.</summary>
    public long? GapMs { get; init; }

    /// <summary>Where a reply was due: milliseconds until its first words; null before, and elsewhere.</summary>
    public long? DeadAirMs { get; init; }

    /// <summary>Audio that was sent once more.</summary>
    public long ReplayedMs { get; init; }

    /// <summary>Tokens that upstream bills once more, estimated.</summary>
    public long RebilledTokens { get; init; }

    /// <summary>The fact about the present outage is written.</summary>
    public bool Recorded { get; init; }

    /// <summary>Takes what one outage counted out of the way of the next one.</summary>
    public RecoveryEpisode NextOutage(RecoveryKind kind, int fromLink, long now, CloseCause cause, int? code) => this with
    {
        Kind = kind,
        FromLink = fromLink,
        SinceMs = now,
        Cause = cause,
        Code = code,
        Tries = 0,
        GapMs = null,
        DeadAirMs = null,
        ReplayedMs = 0,
        RebilledTokens = 0,
        Recorded = false,
    };

    /// <summary>What is still to be written about it, with nothing used up.</summary>
    public RecoveryEpisode Forgiven() => new(Kind, FromLink, SinceMs, Cause, Code) { Tries = Tries, DeadAirMs = DeadAirMs, RebilledTokens = RebilledTokens };
}

/// <summary>What sets a recovery off.</summary>
public enum RecoveryKind
{
    /// <summary>The first connection of a conversation, or of a client that came back.</summary>
    Opening,
    /// <summary>A link was lost.</summary>
    Loss,
    /// <summary>A planned replacement.</summary>
    Rotation,
    /// <summary>A model that stalled.</summary>
    Stall,
    /// <summary>A resumed session whose context turned out to be gone.</summary>
    ContextLost,
    /// <summary>The silo was lost, or left, and another owns the conversation now.</summary>
    Takeover,
}
