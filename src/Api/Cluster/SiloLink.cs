using Orchestrator.Wire;

namespace Orchestrator.Api.Cluster;

/// <summary>What every connection of a front-end to a silo works with.</summary>
internal sealed partial class SiloLink(ClusterOptions options, WireMetrics metrics, TimeProvider clock, ILogger<SiloLink> logger)
{
    private readonly ILogger _logger = logger;

    public ClusterOptions Options => options;

    public WireProof Proof { get; } = new(options.Secret);

    public WireMetrics Metrics => metrics;

    public TimeProvider Clock => clock;

    /// <summary>What this process is called in the silos' logs.</summary>
    public string Name { get; } = $"{Environment.MachineName}:{Environment.ProcessId}";

    public WireDialer Dialer { get; } = new(options.Tls);

    public void LogEnd(SiloAddress silo, bool wasProved, WireFault end, Exception? bug)
    {
        if (bug is not null)
        {
            Broke(bug, silo);
        }
        else if (wasProved && end.Code == WireFaultCode.Stopping)
        {
            Left(silo, end.Reason);
        }
        else
        {
            Lost(silo, end.Tag, end.Reason);
        }
    }

    [LoggerMessage(1, LogLevel.Information, "Connected to silo {Silo} at {Address}", EventName = "SiloConnected")]
    public partial void LogConnected(string silo, SiloAddress address);

    [LoggerMessage(2, LogLevel.Information, "The silo at {Address} left: {Reason}", EventName = "SiloLeft")]
    private partial void Left(SiloAddress address, string reason);

    [LoggerMessage(3, LogLevel.Warning, "The connection to the silo at {Address} ended ({End}): {Reason}", EventName = "SiloLost")]
    private partial void Lost(SiloAddress address, string end, string reason);

    [LoggerMessage(4, LogLevel.Error, "The connection to the silo at {Address} ended by a bug", EventName = "SiloConnectionBroke")]
    private partial void Broke(Exception bug, SiloAddress address);
}
