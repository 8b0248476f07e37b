using System.Diagnostics.Metrics;
using System.Text.RegularExpressions;
using Microsoft.Extensions.DependencyInjection;
using Orchestrator.Attach;
using Orchestrator.Cluster;
using Orchestrator.Grains.Actor;
using Orchestrator.Silo.Hosting;
using Orchestrator.Silo.Stores.Postgres;
using Orchestrator.Testing;
using Orchestrator.Wire;
using Xunit;

namespace Orchestrator.Silo.Tests.Hosting;

/// <summary>The tables of docs/operations/metrics.md are the instruments that there are.</summary>
public sealed class MetricsDocTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(1);

    [Fact]
    public void Tables_AreTheInstruments() => Assert.Equal(Instruments().Order(StringComparer.Ordinal), Documented().Order(StringComparer.Ordinal));

    [Fact]
    public void Names_AreDottedAndLowerCase() =>
        Assert.All(Instruments(), i => Assert.Matches(new Regex("^Orchestrator\\.[A-Za-z]+: orchestrator(\\.[a-z_]+)+ ", RegexOptions.ExplicitCapture, Limit), i));

    private static List<string> Instruments()
    {
        using var services = new ServiceCollection().AddMetrics().BuildServiceProvider();
        var factory = services.GetRequiredService<IMeterFactory>();
        List<string> found = [];
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, _) =>
            {
                if (ReferenceEquals(instrument.Meter.Scope, factory))
                {
                    found.Add($"{instrument.Meter.Name}: {instrument.Name} | {Kind(instrument)} | {instrument.Unit}");
                }
            },
        };
        listener.Start();
        _ = new GrainMetrics(factory);
        new UpstreamMetrics(factory).Observe(() => []);
        _ = new WireMetrics(factory);
        _ = new RouterMetrics(factory);
        _ = new EdgeMetrics(factory);
        _ = new PostgresMetrics(factory);
        return found;
    }

    private static List<string> Documented()
    {
        List<string> found = [];
        var meter = "";
        foreach (var line in File.ReadLines(Path.Combine(Repository.Root, "docs", "operations", "metrics.md")))
        {
            if (Regex.Match(line, "^## Meter `(?<name>.+)`$", RegexOptions.ExplicitCapture, Limit) is { Success: true } heading)
            {
                meter = heading.Groups["name"].Value;
            }
            else if (Regex.Match(line, "^\\| `(?<name>orchestrator\\.[^`]+)` \\|", RegexOptions.ExplicitCapture, Limit) is { Success: true } row && line.Count(c => c == '|') == 6)
            {
                var cells = line.Split('|');
                found.Add($"{meter}: {row.Groups["name"].Value} | {cells[2].Trim()} | {cells[3].Trim()}");
            }
        }

        return found;
    }

    private static string Kind(Instrument instrument) => instrument switch
    {
        Counter<long> or Counter<double> => "counter",
        UpDownCounter<long> => "up-down counter",
        Histogram<double> => "histogram",
        ObservableGauge<int> => "gauge",
        _ => instrument.GetType().Name,
    };
}
