using Orchestrator.Bench.Load.Measure;
using Orchestrator.Bench.Load.Targets;

namespace Orchestrator.Bench.Load.Commands;

/// <summary>One run of one target, in one line.</summary>
internal static class OneCommand
{
    public static async Task<int> RunAsync(string target, int conversations, LoadSettings settings)
    {
        await using var stage = await Stage.StartAsync();
        var result = await SingleRun.MeasureAsync(stage, TargetSpec.Parse(target), conversations, settings);
        Console.WriteLine(Line(result));
        return result.EchoesCame == 0 ? 1 : 0;
    }

    public static string Line(RunResult r) =>
        $"{r.Conversations} × {r.Target}: latency {r.Latency.Ms(0.5):0.00} / {r.Latency.Ms(0.99):0.00} / {r.Latency.Ms(0.999):0.00} / {r.Latency.Ms(1):0.0} ms (p50 / p99 / p99.9 / max), "
        + $"CPU {r.CpuMs:0.00} ms per s{(r.DatabaseCpuMs > 0 ? $" + {r.DatabaseCpuMs:0.00} database" : "")}, "
        + $"RSS {r.IdleKb / 1024} → {r.SteadyKb / 1024} MB, {r.KbPerConversation:0} KB each, peak {r.PeakKbPerConversation:0}, "
        + $"set-up {r.SetUp.Ms(0.5):0.0} / {r.SetUp.Ms(0.99):0.0} ms, late {r.Lateness.Ms(0.5):0.00} / {r.Lateness.Ms(0.99):0.00} ms, "
        + $"cores {r.DriverCores:0.00} driver, {r.UpstreamCores:0.00} upstream, {r.EchoesCame} of {r.EchoesDue} echoes, {r.Turns} turns, {r.LostCalls} calls lost";
}
