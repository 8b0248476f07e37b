using Microsoft.Extensions.Options;

namespace Orchestrator.Api.Live;

/// <summary>Bounds of the live endpoint. Section <c>Orchestrator:Live</c>.</summary>
public sealed class LiveOptions
{
    public const string Section = "Orchestrator:Live";

    /// <summary>Largest client frame in bytes; a larger one closes the socket with 1009. Default 4 MiB, 64 KiB to 64 MiB.
    /// Too small refuses images; too large lets one client hold that much memory.</summary>
    public int MaxFrameBytes { get; set; } = 4 * 1024 * 1024;

    /// <summary>Output that may wait for a client that does not read. Default 8 MiB; beyond it the socket is closed, resumably.</summary>
    public int MaxQueuedBytes { get; set; } = 8 * 1024 * 1024;

    /// <summary>How long a client may take to send its setup. Default 10 s.</summary>
    public TimeSpan SetupTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>How long a client may leave output unread before it is closed, resumably. Default 30 s.</summary>
    public TimeSpan UnreadTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How long our resumption handles are accepted after they were issued; a conversation that nobody was attached
    /// to for two hours is not resumable whatever its handle says. Default 24 h.</summary>
    public TimeSpan HandleLifetime { get; set; } = TimeSpan.FromHours(24);

    /// <summary>A front-end of a cluster that stops: time that clients with a resumption handle are given by <c>goAway</c>. Default 5 s, 0 to 1 min.</summary>
    public TimeSpan DrainNotice { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>The same for clients that did not ask for handles: they may finish. Default 1 h, 0 to 4 h.</summary>
    public TimeSpan DrainDeadline { get; set; } = TimeSpan.FromHours(1);

    /// <summary>Level in dBFS under which microphone audio counts as silence. It errs towards hearing: a floor that is too
    /// high loses soft speech from the replay after a fault. Default -60.</summary>
    public double SilenceDbfs { get; set; } = -60;
}

/// <summary>Names every key that is wrong, all at once.</summary>
public sealed class LiveOptionsValidator : IValidateOptions<LiveOptions>
{
    public ValidateOptionsResult Validate(string? name, LiveOptions options)
    {
        var failures = new List<string>();
        Check(options.MaxFrameBytes is >= 65_536 and <= 67_108_864, nameof(options.MaxFrameBytes), "must be between 65536 and 67108864");
        Check(options.MaxQueuedBytes is >= 262_144 and <= 268_435_456, nameof(options.MaxQueuedBytes), "must be between 262144 and 268435456");
        Check(Within(options.SetupTimeout, TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(5)), nameof(options.SetupTimeout), "must be between 1 second and 5 minutes");
        Check(Within(options.UnreadTimeout, TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(10)), nameof(options.UnreadTimeout), "must be between 1 second and 10 minutes");
        Check(Within(options.HandleLifetime, TimeSpan.FromMinutes(1), TimeSpan.FromDays(30)), nameof(options.HandleLifetime), "must be between 1 minute and 30 days");
        Check(Within(options.DrainNotice, TimeSpan.Zero, TimeSpan.FromMinutes(1)), nameof(options.DrainNotice), "must be between 0 and 1 minute");
        Check(Within(options.DrainDeadline, TimeSpan.Zero, TimeSpan.FromHours(4)), nameof(options.DrainDeadline), "must be between 0 and 4 hours");
        Check(options.SilenceDbfs is >= -96 and <= -20, nameof(options.SilenceDbfs), "must be between -96 and -20");
        return failures.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(failures);

        void Check(bool good, string key, string rule)
        {
            if (!good)
            {
                failures.Add($"{LiveOptions.Section}:{key} {rule}.");
            }
        }
    }

    private static bool Within(TimeSpan value, TimeSpan from, TimeSpan to) => value >= from && value <= to;
}
