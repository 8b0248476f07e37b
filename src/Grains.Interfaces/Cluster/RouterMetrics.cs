using System.Diagnostics.Metrics;

namespace Orchestrator.Cluster;

/// <summary>How often clients change their silo. Meter <c>Orchestrator.Router</c>.</summary>
public sealed class RouterMetrics
{
    /// <summary>Name of the meter.</summary>
    public const string MeterName = "Orchestrator.Router";

    private readonly Counter<long> _moves;
    private readonly Counter<long> _closed;
    private readonly Histogram<double> _duration;

    public RouterMetrics(IMeterFactory meters)
    {
        var meter = meters.Create(MeterName);
        _moves = meter.CreateCounter<long>("orchestrator.router.moves", "{client}", "Clients that another silo serves now, by why (lost, moved).");
        _closed = meter.CreateCounter<long>("orchestrator.router.unserved", "{client}", "Clients that were closed because no silo took them.");
        _duration = meter.CreateHistogram<double>("orchestrator.router.move.duration", "s", "From the loss of a silo to the attach at the next one.");
    }

    /// <summary>Another silo serves a client now.</summary>
    /// <param name="inOrder">The old one let it go; otherwise it was lost.</param>
    /// <param name="took">Since then.</param>
    public void Moved(bool inOrder, TimeSpan took)
    {
        var why = KeyValuePair.Create<string, object?>("why", inOrder ? "moved" : "lost");
        _moves.Add(1, why);
        _duration.Record(took.TotalSeconds, why);
    }

    /// <summary>A client was closed because no silo took it.</summary>
    public void Closed() => _closed.Add(1);
}
