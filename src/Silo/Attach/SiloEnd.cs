using Microsoft.Extensions.Logging;
using Orchestrator.Attach;
using Orchestrator.Wire;

namespace Orchestrator.Silo.Attach;

/// <summary>What every connection of a silo works with.</summary>
internal sealed partial class SiloEnd(IConversationHost host, SiloInstance instance, ClusterOptions options, WireMetrics metrics, TimeProvider clock, ILogger logger)
{
    private readonly ILogger _logger = logger;

    public IConversationHost Host => host;

    public SiloInstance Instance => instance;

    public ClusterOptions Options => options;

    public WireProof Proof { get; } = new(options.Secret);

    public WireMetrics Metrics => metrics;

    public TimeProvider Clock => clock;

    /// <summary>A goodbye is news; a health check that only connects is none; a stranger who speaks, a wrong secret or a broken frame is a warning; a bug is an error.</summary>
    public void LogEnd(string remote, bool wasProved, WireFault end, Exception? bug)
    {
        if (bug is not null)
        {
            Broke(bug, remote);
        }
        else if (!wasProved && end.Code == WireFaultCode.PeerLeft)
        {
            Probed(remote);
        }
        else if (!wasProved || end.Code is not (WireFaultCode.Stopping or WireFaultCode.PeerLeft))
        {
            Lost(remote, end.Tag, end.Reason);
        }
        else
        {
            Left(remote, end.Reason);
        }
    }

    [LoggerMessage(1, LogLevel.Information, "The front-end at {Remote} left: {Reason}", EventName = "EdgeLeft")]
    private partial void Left(string remote, string reason);

    [LoggerMessage(2, LogLevel.Warning, "The connection of {Remote} ended ({End}): {Reason}", EventName = "EdgeLost")]
    private partial void Lost(string remote, string end, string reason);

    [LoggerMessage(3, LogLevel.Error, "The connection of {Remote} ended by a bug", EventName = "EdgeBroke")]
    private partial void Broke(Exception bug, string remote);

    [LoggerMessage(7, LogLevel.Debug, "{Remote} connected and left without a word", EventName = "Probed")]
    private partial void Probed(string remote);

    [LoggerMessage(4, LogLevel.Error, "A request for {Conversation} failed by a bug", EventName = "RequestBroke")]
    public partial void LogBug(Exception bug, ConversationId conversation);

    [LoggerMessage(5, LogLevel.Information, "Silo {Silo} listens for front-ends on {EndPoint}, encrypted: {Encrypted}", EventName = "Listening")]
    public partial void LogListening(string silo, System.Net.EndPoint endPoint, bool encrypted);

    [LoggerMessage(6, LogLevel.Warning, "Accepting a front-end failed: {Message}", EventName = "AcceptFailed")]
    public partial void LogAcceptFailed(string message);
}
