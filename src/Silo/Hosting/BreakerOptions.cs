namespace Orchestrator.Silo.Hosting;

/// <summary>
/// When an endpoint that keeps failing is left alone. Section <c>Orchestrator:Upstream:Breaker</c>; the same for every
/// endpoint. An attempt is a dial and the setup after it.
/// </summary>
public sealed class BreakerOptions
{
    /// <summary>Share of attempts within the <see cref="Window"/> that must fail. Default 0.5, 0.05 to 1. Too low, and a few
    /// conversations with bad luck move all others.</summary>
    public double FailureRatio { get; set; } = 0.5;

    /// <summary>Attempts within the <see cref="Window"/> below which nothing is concluded. Default 5, 2 to 1000.</summary>
    public int MinimumAttempts { get; set; } = 5;

    /// <summary>How far back attempts count. Default 30 s, 1 s to 10 minutes.</summary>
    public TimeSpan Window { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How long the endpoint is left alone before one conversation may try it. Default 5 s, 1 s to <see cref="MaxBreak"/>;
    /// doubled each time that this one fails, too. After a refusal for quota it is at least 65 s.</summary>
    public TimeSpan Break { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Longest break. Default 60 s, up to an hour. Too long, and the endpoint stays unused after an outage.</summary>
    public TimeSpan MaxBreak { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>An attempt without <c>setupComplete</c> after so long has failed, whatever becomes of it. Default 15 s, 1 s to 2 minutes.</summary>
    public TimeSpan SetupTimeout { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>What is wrong, each failure with its key.</summary>
    internal IEnumerable<string> Failures(string section)
    {
        var rules = new (bool Good, string Key, string Rule)[]
        {
            (FailureRatio is >= 0.05 and <= 1, nameof(FailureRatio), "must be between 0.05 and 1"),
            (MinimumAttempts is >= 2 and <= 1000, nameof(MinimumAttempts), "must be between 2 and 1000"),
            (IsBetween(Window, TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(10)), nameof(Window), "must be between 1 second and 10 minutes"),
            (IsBetween(Break, TimeSpan.FromSeconds(1), MaxBreak), nameof(Break), $"must be between 1 second and {nameof(MaxBreak)}"),
            (MaxBreak <= TimeSpan.FromHours(1), nameof(MaxBreak), "must be at most 1 hour"),
            (IsBetween(SetupTimeout, TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(2)), nameof(SetupTimeout), "must be between 1 second and 2 minutes"),
        };
        return rules.Where(r => !r.Good).Select(r => $"{section}:{r.Key} {r.Rule}.");
    }

    private static bool IsBetween(TimeSpan value, TimeSpan least, TimeSpan most) => value >= least && value <= most;
}
