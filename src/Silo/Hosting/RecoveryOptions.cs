using System.Collections.Immutable;
using Microsoft.Extensions.Options;
using Orchestrator.Grains.Recovery;

namespace Orchestrator.Silo.Hosting;

/// <summary>Budgets of recoveries, and what is done about models that stall. Section <c>Orchestrator:Recovery</c>.</summary>
public sealed class RecoveryOptions
{
    public const string Section = "Orchestrator:Recovery";

    private static readonly RecoveryPolicy Defaults = new();

    /// <summary>How long one recovery may keep a conversation without a connection, all its outages together. Default 30 s,
    /// 1 s to 10 minutes. Too short closes clients that a little patience would have kept; too long keeps them in silence.</summary>
    public TimeSpan TimeBudget { get; set; } = TimeSpan.FromMilliseconds(Defaults.TimeMs);

    /// <summary>First wait between two tries; doubles up to <see cref="RetryMaxDelay"/>. Default 250 ms, 10 ms to
    /// <see cref="RetryMaxDelay"/>.</summary>
    public TimeSpan RetryDelay { get; set; } = TimeSpan.FromMilliseconds(Defaults.RetryMs);

    /// <summary>Longest wait between two tries. Default 4 s, up to 1 minute.</summary>
    public TimeSpan RetryMaxDelay { get; set; } = TimeSpan.FromMilliseconds(Defaults.RetryMaxMs);

    /// <summary>Tries of rung 1 in one recovery. Default 3, 0 to 20; with 0 every recovery begins a new session.</summary>
    public int ResumeTries { get; set; } = Defaults.ResumeTries;

    /// <summary>Tries of rung 2 on one endpoint. Default 6, 1 to 20.</summary>
    public int FreshTries { get; set; } = Defaults.FreshTries;

    /// <summary>This loss on the same turn of the user's ends the ladder. Default 4, 1 to 20. Too many, and a turn that kills its
    /// connection is paid for again and again.</summary>
    public int LossesPerTurn { get; set; } = Defaults.LossesPerTurn;

    /// <summary>Age at which a connection is replaced. Default 9 minutes, 1 to 60 minutes; Google ends connections after about ten.</summary>
    public TimeSpan RotateAge { get; set; } = TimeSpan.FromMilliseconds(Defaults.RotateAgeMs);

    /// <summary>How long an answer may take to begin before the model counts as stalled. Default 6 s, 2 s to 2 minutes. Too short
    /// disturbs models that think before they speak.</summary>
    public TimeSpan StallAfter { get; set; } = TimeSpan.FromMilliseconds(Defaults.StallMs);

    /// <summary>Tokens of history that a new session is told; what is older becomes a digest. Default 8000, 200 to 100000.</summary>
    public int SeedTokens { get; set; } = Defaults.SeedTokens;

    /// <summary>Tokens that recoveries may cost, as a share of all tokens of the conversation; one full context comes on top.
    /// Default 0.2, 0 to 10.</summary>
    public double TokenShare { get; set; } = Defaults.TokenShare;

    /// <summary>What happens to a reply that a lost connection cut off. Default <c>regenerate</c>.</summary>
    public CutReplies CutReplies { get; set; } = Defaults.CutReplies;

    /// <summary>Names of functions that may run again when the turn that called them is answered anew on another connection.
    /// Default none: a function runs once, and the model gets the recorded result. Listing one that has effects has them twice.</summary>
    public IList<string> RepeatableTools { get; } = [];

    /// <summary>The same for the grains.</summary>
    public ImmutableHashSet<string> ToRepeatableTools() => [.. RepeatableTools];

    /// <summary>The policy that the grains work with.</summary>
    public RecoveryPolicy ToPolicy() => new()
    {
        TimeMs = Milliseconds(TimeBudget),
        RetryMs = Milliseconds(RetryDelay),
        RetryMaxMs = Milliseconds(RetryMaxDelay),
        ResumeTries = ResumeTries,
        FreshTries = FreshTries,
        LossesPerTurn = LossesPerTurn,
        RotateAgeMs = Milliseconds(RotateAge),
        StallMs = Milliseconds(StallAfter),
        SeedTokens = SeedTokens,
        TokenShare = TokenShare,
        CutReplies = CutReplies,
    };

    private static long Milliseconds(TimeSpan time) => (long)time.TotalMilliseconds;
}

/// <summary>Names every key that is wrong, all at once.</summary>
public sealed class RecoveryOptionsValidator : IValidateOptions<RecoveryOptions>
{
    private const int MostChars = 128;

    public ValidateOptionsResult Validate(string? name, RecoveryOptions options)
    {
        var failures = new List<string>();
        Between(options.TimeBudget, TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(10), nameof(options.TimeBudget), "must be between 1 second and 10 minutes");
        Between(options.RetryDelay, TimeSpan.FromMilliseconds(10), options.RetryMaxDelay, nameof(options.RetryDelay), $"must be between 10 milliseconds and {nameof(options.RetryMaxDelay)}");
        Check(options.RetryMaxDelay <= TimeSpan.FromMinutes(1), nameof(options.RetryMaxDelay), "must be at most 1 minute");
        Check(options.ResumeTries is >= 0 and <= 20, nameof(options.ResumeTries), "must be between 0 and 20");
        Check(options.FreshTries is >= 1 and <= 20, nameof(options.FreshTries), "must be between 1 and 20");
        Check(options.LossesPerTurn is >= 1 and <= 20, nameof(options.LossesPerTurn), "must be between 1 and 20");
        Between(options.RotateAge, TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(60), nameof(options.RotateAge), "must be between 1 and 60 minutes");
        Between(options.StallAfter, TimeSpan.FromSeconds(2), TimeSpan.FromMinutes(2), nameof(options.StallAfter), "must be between 2 seconds and 2 minutes");
        Check(options.SeedTokens is >= 200 and <= 100_000, nameof(options.SeedTokens), "must be between 200 and 100000");
        Check(options.TokenShare is >= 0 and <= 10, nameof(options.TokenShare), "must be between 0 and 10");
        Check(Enum.IsDefined(options.CutReplies), nameof(options.CutReplies), "must be regenerate or continue");
        foreach (var (i, tool) in options.RepeatableTools.Index())
        {
            Check(IsName(tool), $"{nameof(options.RepeatableTools)}:{i}", $"must be a function's name: a letter or _, then letters, digits and _ . : -, at most {MostChars}");
        }

        return failures.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(failures);

        void Between(TimeSpan value, TimeSpan least, TimeSpan most, string key, string rule) => Check(value >= least && value <= most, key, rule);

        void Check(bool good, string key, string rule)
        {
            if (!good)
            {
                failures.Add($"{RecoveryOptions.Section}:{key} {rule}.");
            }
        }
    }

    private static bool IsName(string? name) =>
        name is { Length: > 0 and <= MostChars } && (char.IsAsciiLetter(name[0]) || name[0] == '_')
        && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '.' or ':' or '-');
}
