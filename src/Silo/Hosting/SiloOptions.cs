using System.Net;
using Microsoft.Extensions.Options;

namespace Orchestrator.Silo.Hosting;

/// <summary>A silo process. Section <c>Orchestrator:Silo</c>.</summary>
public sealed class SiloOptions
{
    public const string Section = "Orchestrator:Silo";

    /// <summary>Name of the silo across restarts; unique in the cluster. Default: the machine's name. A process that starts
    /// under a name replaces the one that has it.</summary>
    public string Name { get; set; } = Environment.MachineName;

    /// <summary>Where front-ends reach it, <c>host:port</c>. Default: where it listens, which must be an address of its own then.</summary>
    public string? Advertise { get; set; }

    /// <summary>Where the probes <c>/health/live</c> and <c>/health/ready</c> are answered, <c>address:port</c>, over plain HTTP. Default
    /// <c>127.0.0.1:0</c>: loopback, any port that is free. Nothing else is answered there.</summary>
    public string HealthListen { get; set; } = "127.0.0.1:0";

    /// <summary>How long conversations may take to reach a turn boundary when the silo is emptied. Default 30 s, 0 to 1 h; then they move
    /// whatever they are doing.</summary>
    public TimeSpan DrainDeadline { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>A silo without its database closes the upstream connections of conversations whose client has been gone for so long.
    /// Default 10 s, 1 s to 10 min. Too short gives up a caller who changes networks while the database restarts; too long talks to
    /// upstream for nobody.</summary>
    public TimeSpan IsolatedAfter { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>How often abandoned conversations are looked for. Default 1 min, 1 s to 1 h.</summary>
    public TimeSpan SweepEvery { get; set; } = TimeSpan.FromMinutes(1);
}

/// <summary>Names every key that is wrong, all at once.</summary>
public sealed class SiloOptionsValidator : IValidateOptions<SiloOptions>
{
    public ValidateOptionsResult Validate(string? name, SiloOptions options)
    {
        var failures = new List<string>();
        Check(options.Name is { Length: > 0 and <= 128 }, nameof(options.Name), "must have 1 to 128 characters");
        Check(options.Advertise is null || Uri.TryCreate($"tcp://{options.Advertise}", UriKind.Absolute, out var at) && at.Port > 0, nameof(options.Advertise), "must be a host and a port, such as silo-1.example:11111");
        Check(IPEndPoint.TryParse(options.HealthListen, out _), nameof(options.HealthListen), "must be an IP address and a port, such as 0.0.0.0:8081");
        Check(options.DrainDeadline >= TimeSpan.Zero && options.DrainDeadline <= TimeSpan.FromHours(1), nameof(options.DrainDeadline), "must be between 0 and 1 hour");
        Check(options.IsolatedAfter >= TimeSpan.FromSeconds(1) && options.IsolatedAfter <= TimeSpan.FromMinutes(10), nameof(options.IsolatedAfter), "must be between 1 second and 10 minutes");
        Check(options.SweepEvery >= TimeSpan.FromSeconds(1) && options.SweepEvery <= TimeSpan.FromHours(1), nameof(options.SweepEvery), "must be between 1 second and 1 hour");
        return failures.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(failures);

        void Check(bool good, string key, string rule)
        {
            if (!good)
            {
                failures.Add($"{SiloOptions.Section}:{key} {rule}.");
            }
        }
    }
}
