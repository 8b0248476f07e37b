using System.Diagnostics.Metrics;
using Gemini.Live.Closes;
using Polly.CircuitBreaker;

namespace Orchestrator.Silo.Hosting;

/// <summary>What becomes of dialling, per endpoint, in the meter <c>Orchestrator.Silo</c>. Tags are configured names, never ids.</summary>
public sealed class UpstreamMetrics
{
    public const string MeterName = "Orchestrator.Silo";

    private readonly Meter _meter;
    private readonly Counter<long> _attempts;
    private readonly Counter<long> _opened;

    public UpstreamMetrics(IMeterFactory factory)
    {
        _meter = factory.Create(MeterName);
        _attempts = _meter.CreateCounter<long>("orchestrator.upstream.attempts", description: "Dials with their setup. Tags: endpoint, outcome (opened, answered, failed, abandoned, refused).");
        _opened = _meter.CreateCounter<long>("orchestrator.upstream.circuit.opened", description: "Times that an endpoint was left alone. Tags: endpoint, cause.");
    }

    /// <param name="states">The circuit of every endpoint at the moment of asking.</param>
    internal void Observe(Func<IEnumerable<(string Endpoint, CircuitState State)>> states) => _meter.CreateObservableGauge(
        "orchestrator.upstream.circuit",
        () => states().Select(s => new Measurement<int>(Number(s.State), Endpoint(s.Endpoint))),
        description: "0: closed; 1: half open, one conversation is trying; 2: open. Tag: endpoint.");

    internal void Attempted(string endpoint, string outcome) =>
        _attempts.Add(1, Endpoint(endpoint), new KeyValuePair<string, object?>("outcome", outcome));

    internal void Opened(string endpoint, CloseCause cause) =>
        _opened.Add(1, Endpoint(endpoint), new KeyValuePair<string, object?>("cause", cause switch
        {
            CloseCause.Quota => "quota",
            CloseCause.Unavailable => "unavailable",
            CloseCause.Network => "network",
            _ => "transient",
        }));

    private static KeyValuePair<string, object?> Endpoint(string name) => new("endpoint", name);

    private static int Number(CircuitState state) => state switch
    {
        CircuitState.Closed => 0,
        CircuitState.HalfOpen => 1,
        _ => 2,
    };
}
