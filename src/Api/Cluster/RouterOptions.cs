using Microsoft.Extensions.Options;

namespace Orchestrator.Api.Cluster;

/// <summary>How a front-end finds silos for its clients. Section <c>Orchestrator:Router</c>.</summary>
internal sealed class RouterOptions
{
    public const string Section = "Orchestrator:Router";

    /// <summary>How long a client whose silo is lost waits for another before it is closed, resumably. Default 30 s, 1 s to 5 min.</summary>
    public TimeSpan Patience { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Bound of the input that is kept for each client until its silo says that nobody needs it. Default 8 MiB, 1 MiB to
    /// 1 GiB; beyond it the oldest audio is given up, which shows only if the silo is lost, too.</summary>
    public long EdgeLogBytes { get; set; } = 8 * 1024 * 1024;

    /// <summary>Clients of one silo that are taken elsewhere at the same time. Default 64, 1 to 10000: a lost silo's
    /// conversations open upstream sockets all at once otherwise.</summary>
    public int TakeoversAtOnce { get; set; } = 64;
}

/// <summary>Names every key that is wrong, all at once.</summary>
internal sealed class RouterOptionsValidator : IValidateOptions<RouterOptions>
{
    public ValidateOptionsResult Validate(string? name, RouterOptions options)
    {
        const long mebibyte = 1024 * 1024;
        var failures = new List<string>();
        Check(options.Patience >= TimeSpan.FromSeconds(1) && options.Patience <= TimeSpan.FromMinutes(5), nameof(options.Patience), "must be between 1 second and 5 minutes");
        Check(options.EdgeLogBytes is >= mebibyte and <= 1024 * mebibyte, nameof(options.EdgeLogBytes), $"must be between {mebibyte} and {1024 * mebibyte}");
        Check(options.TakeoversAtOnce is >= 1 and <= 10_000, nameof(options.TakeoversAtOnce), "must be between 1 and 10000");
        return failures.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(failures);

        void Check(bool good, string key, string rule)
        {
            if (!good)
            {
                failures.Add($"{RouterOptions.Section}:{key} {rule}.");
            }
        }
    }
}
