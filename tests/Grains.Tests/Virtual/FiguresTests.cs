using System.Collections.Concurrent;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using Xunit;

namespace Orchestrator.Grains.Tests.Virtual;

/// <summary>The figures in docs/recovery.md. ORCHESTRATOR_FIGURES=1 plays the whole table of faults and writes them anew.</summary>
public sealed class FiguresTests
{
    private const string Begin = "<!-- figures: written by FiguresTests -->\n";
    private const string End = "<!-- /figures -->";
    private const string Head = "| fault | conversations | survived | user audio lost, ms p50 / p95 | repeated, ms p50 / p95 | dead air beyond upstream's own, ms p50 / p95 |";

    private static IEnumerable<string> Kinds => FaultMatrix.All.Select(fault => fault.Kind).Distinct();

    [Fact]
    public void Recovery_TableOfFigures_HasEveryKindOfFault()
    {
        var path = Path();
        var text = File.ReadAllText(path);
        var from = text.IndexOf(Begin, StringComparison.Ordinal) + Begin.Length;
        var to = text.IndexOf(End, StringComparison.Ordinal);
        Assert.True(from >= Begin.Length && to >= from, $"The marks of the figures are missing in {path}.");
        if (Environment.GetEnvironmentVariable("ORCHESTRATOR_FIGURES") is "1")
        {
            text = text[..from] + Table() + text[to..];
            File.WriteAllText(path, text);
            to = text.IndexOf(End, StringComparison.Ordinal);
        }

        var lines = text[from..to].TrimEnd('\n').Split('\n');
        Assert.Equal(Head, lines[0]);
        Assert.True(Kinds.SequenceEqual(lines.Skip(2).Select(line => line.Split('|')[1].Trim())), "The table has not every kind of fault; ORCHESTRATOR_FIGURES=1 writes it anew.");
        Assert.All(lines.Skip(2), line => Assert.Equal(Head.Count(c => c == '|'), line.Count(c => c == '|')));
    }

    private static string Table()
    {
        var table = new StringBuilder($"{Head}\n|---|---|---|---|---|---|\n");
        foreach (var kind in Kinds)
        {
            var all = new ConcurrentBag<Figures>();
            var schedules = FaultMatrix.All.Where(fault => fault.Kind == kind).SelectMany(fault => fault.Schedules()).Select(pair => pair.Schedule);
            Parallel.ForEach(schedules, schedule => all.Add(Figures.Of(new VirtualConversation(schedule).Play())));
            table.Append(CultureInfo.InvariantCulture, $"| {kind} | {all.Count} | {100.0 * all.Count(one => one.Survived) / all.Count:0.#} % | {Percentiles(all.Select(one => one.LostMs))} | {Percentiles(all.Select(one => one.RepeatedMs))} | {Percentiles(all.Select(one => one.DeadAirMs))} |\n");
        }

        return table.ToString();
    }

    private static string Percentiles(IEnumerable<double> values)
    {
        var sorted = values.Order().ToList();
        return string.Create(CultureInfo.InvariantCulture, $"{At(0.5):0} / {At(0.95):0}");

        double At(double part) => sorted[(int)Math.Ceiling(part * sorted.Count) - 1];
    }

    private static string Path([CallerFilePath] string here = "") =>
        System.IO.Path.GetFullPath(System.IO.Path.Combine(System.IO.Path.GetDirectoryName(here)!, "..", "..", "..", "docs", "recovery.md"));
}
