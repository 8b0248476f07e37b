using System.Diagnostics.Metrics;

namespace Orchestrator.Cluster;

/// <summary>Why a client had to be attached again.</summary>
public enum MoveCause
{
    /// <summary>Its silo was lost, and another serves it now.</summary>
    Lost,

    /// <summary>Its silo has let the conversation go.</summary>
    Moved,

    /// <summary>Only the connection was lost: the same silo serves it.</summary>
    Reconnected,
}

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
        _moves = meter.CreateCounter<long>("orchestrator.router.moves", "{client}", "Clients that are served again, by why (lost, moved, reconnected).");
        _closed = meter.CreateCounter<long>("orchestrator.router.unserved", "{client}", "Clients that were closed because no silo took them.");
        _duration = meter.CreateHistogram<double>("orchestrator.router.move.duration", "s", "From the loss of a silo to the attach at the next one.");
    }

    /// <summary>A client is served again.</summary>
    /// <param name="why">What had become of its silo.</param>
    /// <param name="took">Since then.</param>
    public void Moved(MoveCause why, TimeSpan took)
    {
        var tag = KeyValuePair.Create<string, object?>("why", why switch
        {
            MoveCause.Lost => "lost",
            MoveCause.Moved => "moved",
            _ => "reconnected",
        });
        _moves.Add(1, tag);
        _duration.Record(took.TotalSeconds, tag);
    }

    /// <summary>A client was closed because no silo took it.</summary>
    public void Closed() => _closed.Add(1);
}
