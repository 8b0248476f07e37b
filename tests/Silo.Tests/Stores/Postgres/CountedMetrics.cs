using System.Diagnostics.Metrics;

namespace Orchestrator.Silo.Tests.Stores.Postgres;

/// <summary>What the instruments of one factory have said: sums of counters, all values of histograms.</summary>
internal sealed class CountedMetrics : IDisposable
{
    private readonly MeterListener listener = new();
    private readonly List<(string Name, string Tags, double Value)> said = [];

    public void Listen(IMeterFactory factory)
    {
        listener.InstrumentPublished = (instrument, l) =>
        {
            if (ReferenceEquals(instrument.Meter.Scope, factory))
            {
                l.EnableMeasurementEvents(instrument);
            }
        };
        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Say(instrument, value, tags));
        listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Say(instrument, value, tags));
        listener.Start();
    }

    public List<double> Values(string name, string tag = "")
    {
        lock (said)
        {
            return [.. said.Where(s => s.Name == name && s.Tags.Contains(tag, StringComparison.Ordinal)).Select(s => s.Value)];
        }
    }

    public double Sum(string name, string tag = "") => Values(name, tag).Sum();

    public void Dispose() => listener.Dispose();

    private void Say(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var text = string.Join(' ', tags.ToArray().Select(t => $"{t.Key}={t.Value}"));
        lock (said)
        {
            said.Add((instrument.Name, text, value));
        }
    }
}
