using Orchestrator.Bench.Load.Measure;
using Orchestrator.Bench.Load.Targets;

namespace Orchestrator.Bench.Load.Commands;

/// <summary>All targets at all sizes, in turn, as a Markdown table: medians of the runs, beside the floor and the Node relay.</summary>
internal static class TableCommand
{
    /// <summary>Median lateness at which the driver, or the machine, is what is measured.</summary>
    private const double FullMs = 0.5;

    public static async Task<int> RunAsync(LoadSettings settings, TextWriter output)
    {
        List<RunResult> results = [];
        await using (var stage = await Stage.StartAsync())
        {
            foreach (var conversations in settings.Conversations)
            {
                for (var run = 1; run <= settings.Runs; run++)
                {
                    foreach (var spec in settings.Targets)
                    {
                        var result = await SingleRun.MeasureAsync(stage, spec, conversations, settings);
                        results.Add(result);
                        await Console.Error.WriteLineAsync($"  run {run}: {OneCommand.Line(result)}");
                    }
                }
            }
        }

        output.WriteLine("| conversations | target | latency p50 / p99 / p99.9 ms | added p50 / p99 / p99.9 ms | p99, Node = 1 | CPU ms per s | CPU, Node = 1 | database ms per s | KB each, steady / peak | set-up p50 / p99 ms | driver late p50 / p99 ms | cores driver / upstream | echoes lost | calls lost |");
        output.WriteLine("|--:|---|---|---|--:|--:|--:|--:|---|---|---|---|--:|--:|");
        foreach (var group in results.GroupBy(r => (r.Conversations, r.Target)))
        {
            var all = results.Where(r => r.Conversations == group.Key.Conversations).ToList();
            output.WriteLine(Row([.. group], Named(all, TargetSpec.Floor), Named(all, TargetSpec.Node)));
        }

        output.WriteLine();
        output.WriteLine($"Medians of {settings.Runs} interleaved runs of {settings.Time.TotalSeconds:0.#} s after {settings.WarmUp.TotalSeconds:0.#} s of warm-up, every process started fresh. Each way 20 ms a frame: 50 per second up, {50 * settings.Plan.EchoShare:0.#} down; a turn every {settings.Plan.TurnSeconds:0.#} s, {(settings.Plan.Manual ? "manual" : "automatic")} activity. A star: the driver was late by more than {FullMs} ms in the median, the machine is full.");
        return results.Exists(r => r.EchoesCame == 0) ? 1 : 0;
    }

    private static List<RunResult> Named(IEnumerable<RunResult> results, string target) => [.. results.Where(r => r.Target == target)];

    private static string Row(List<RunResult> runs, List<RunResult> floor, List<RunResult> node)
    {
        var first = runs[0];
        double[] shares = [0.5, 0.99, 0.999];
        var raw = shares.Select(share => Median(runs, r => r.Latency.Ms(share))).ToArray();
        var added = shares.Select((share, i) => raw[i] - Median(floor, r => r.Latency.Ms(share))).ToArray();
        var nodeAdded = Median(node, r => r.Latency.Ms(0.99)) - Median(floor, r => r.Latency.Ms(0.99));
        var cpu = Median(runs, r => r.CpuMs);
        var full = Median(runs, r => r.Lateness.Ms(0.5)) > FullMs ? "*" : "";
        var isFloor = first.Target == TargetSpec.Floor;
        return $"| {first.Conversations}{full} | {first.Target} | {raw[0]:0.00} / {raw[1]:0.00} / {raw[2]:0.00} "
            + (isFloor || floor.Count == 0 ? "| " : $"| {added[0]:0.00} / {added[1]:0.00} / {added[2]:0.00} ")
            + (isFloor || floor.Count == 0 || node.Count == 0 ? "| " : $"| {added[1] / nodeAdded:0.00} ")
            + (isFloor ? "| | " : $"| {cpu:0.00} | {(node.Count == 0 ? "" : $"{cpu / Median(node, r => r.CpuMs):0.00}")} ")
            + $"| {(Median(runs, r => r.DatabaseCpuMs) is var database and > 0 ? $"{database:0.00}" : "")} "
            + (isFloor ? "| " : $"| {Median(runs, r => r.KbPerConversation):0} / {Median(runs, r => r.PeakKbPerConversation):0} ")
            + $"| {Median(runs, r => r.SetUp.Ms(0.5)):0.0} / {Median(runs, r => r.SetUp.Ms(0.99)):0.0} "
            + $"| {Median(runs, r => r.Lateness.Ms(0.5)):0.00} / {Median(runs, r => r.Lateness.Ms(0.99)):0.00} "
            + $"| {Median(runs, r => r.DriverCores):0.00} / {Median(runs, r => r.UpstreamCores):0.00} "
            + $"| {runs.Sum(r => r.EchoesDue - r.EchoesCame)} | {runs.Sum(r => r.LostCalls)} |";
    }

    private static double Median(List<RunResult> runs, Func<RunResult, double> value)
    {
        var sorted = runs.Select(value).Order().ToArray();
        return sorted.Length == 0 ? 0 : (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }
}
