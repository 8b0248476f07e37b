namespace Orchestrator.Grains.Recovery;

/// <summary>What happens to a reply that a lost link cut off.</summary>
public enum CutReplies
{
    /// <summary>The user's turn is replayed and the model answers it anew.</summary>
    Regenerate,
    /// <summary>A new session is told what was asked and what was heard of the answer, and is asked for the rest.</summary>
    Continue,
}

/// <summary>Budgets of the recovery ladder (DESIGN §7). Times are milliseconds.</summary>
public sealed record RecoveryPolicy
{
    /// <summary>How long one recovery may keep the conversation without a link, all its outages together.</summary>
    public long TimeMs { get; init; } = 30_000;

    /// <summary>First wait between two tries; doubles up to <see cref="RetryMaxMs"/>. Up to a quarter of a wait is added by chance.</summary>
    public long RetryMs { get; init; } = 250;

    public long RetryMaxMs { get; init; } = 4_000;

    /// <summary>Tries of rung 1 in one recovery. Dials that were refused before the handle was shown do not count.</summary>
    public int ResumeTries { get; init; } = 3;

    /// <summary>Tries of rung 2 on one endpoint.</summary>
    public int FreshTries { get; init; } = 6;

    /// <summary>Failed dials after which the next endpoint is tried, if there is one.</summary>
    public int DialTries { get; init; } = 3;

    /// <summary>From this loss on the same user turn on, the session is seeded anew: the context itself may be what kills it.</summary>
    public int SeedFromLoss { get; init; } = 2;

    /// <summary>This loss on the same user turn ends the ladder.</summary>
    public int LossesPerTurn { get; init; } = 4;

    /// <summary>A link that has lived so long and made progress is healthy: the next loss is a new recovery.</summary>
    public long HealthyMs { get; init; } = 10_000;

    /// <summary>Tokens that recoveries may cost, as a share of all tokens used; one full context comes on top.</summary>
    public double TokenShare { get; init; } = 0.2;

    /// <summary>Waits for a session whose old socket is still open, outside of the other budgets.</summary>
    public IReadOnlyList<long> OldSocketWaitsMs { get; init; } = [100, 200, 400];

    /// <summary>Tokens of history that a new session is told; older turns become a digest.</summary>
    public int SeedTokens { get; init; } = 8_000;

    /// <summary>How long a model that answers a seed may take before input goes out anyway.</summary>
    public long SeedReplyMs { get; init; } = 5_000;

    /// <summary>Age at which a link is due for a planned rotation.</summary>
    public long RotateAgeMs { get; init; } = 540_000;

    /// <summary>Longest time before the end of a link that a rotation is looked for: a goAway with more time left waits.</summary>
    public long RotateLeadMs { get; init; } = 60_000;

    /// <summary>Time kept between a forced rotation and the end that goAway has announced.</summary>
    public long RotateMarginMs { get; init; } = 2_000;

    /// <summary>How long the close of the old link may take before the next one presents its handle.</summary>
    public long CloseEchoMs { get; init; } = 250;

    public CutReplies CutReplies { get; init; } = CutReplies.Regenerate;

    /// <summary>How long an answer may take to begin before the model counts as stalled.</summary>
    public long StallMs { get; init; } = 6_000;

    /// <summary>How long an interaction that is to go on may show no sign of it before it counts as over.</summary>
    public long InteractionMs { get; init; } = 30_000;
}
