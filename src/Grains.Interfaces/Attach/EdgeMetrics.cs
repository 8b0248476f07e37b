using System.Diagnostics.Metrics;

namespace Orchestrator.Attach;

/// <summary>What clients present at a front-end. Meter <c>Orchestrator.Edge</c>.</summary>
public sealed class EdgeMetrics
{
    /// <summary>Name of the meter.</summary>
    public const string MeterName = "Orchestrator.Edge";

    private readonly Counter<long> _refused;

    public EdgeMetrics(IMeterFactory meters) =>
        _refused = meters.Create(MeterName).CreateCounter<long>("orchestrator.edge.handles.refused", "{handle}", "Resumption handles that are forged, cut, expired or another tenant's.");

    /// <summary>A resumption handle was not accepted.</summary>
    public void HandleRefused() => _refused.Add(1);
}
