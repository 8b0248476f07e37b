using System.Globalization;
using Orchestrator.Bench.Load.Driver;
using Orchestrator.Bench.Load.Measure;
using Orchestrator.Bench.Load.Targets;
using Orchestrator.Bench.Load.Upstream;

namespace Orchestrator.Bench.Load.Commands;

/// <summary>
/// Minutes of load during which upstream connections end at random, in random ways: memory and latency must stay where they are,
/// every client must stay connected and every conversation must go on. Exit code 0 when they do.
/// </summary>
internal static class SoakCommand
{
    private static readonly TimeSpan BetweenFaults = TimeSpan.FromSeconds(2);

    /// <summary>Memory, or the median of the latency, of the later half beyond that of the first: so much is noise.</summary>
    private const double MemoryGrowth = 1.1;
    private const double LatencyGrowth = 1.5;

    public static async Task<int> RunAsync(TargetSpec spec, int conversations, int rows, LoadSettings settings)
    {
        await using var stage = await Stage.StartAsync();
        using var http = new HttpClient { BaseAddress = stage.Upstream };
        await using var target = await spec.StartAsync(stage.Upstream);
        using var driver = await LoadDriver.OpenAsync(target, conversations, settings.Plan, settings.Seed);
        var random = new Random(settings.Seed);
        var row = settings.Seconds ?? TimeSpan.FromMinutes(1);
        driver.Start();
        await Task.Delay(settings.WarmUp);
        Console.WriteLine($"{conversations} conversations on {spec.Text}, rows of {row.TotalSeconds:0} s, every {BetweenFaults.TotalSeconds:0} s an upstream connection ends: reset, 1011 or goAway, seed {settings.Seed}. Latency is that of all echoes, those that a loss held up among them.");
        Console.WriteLine("| row | RSS MB | CPU ms per s | p50 ms | p99 ms | max ms | echoes lost | calls lost | turns |");
        Console.WriteLine("|--:|--:|--:|--:|--:|--:|--:|--:|--:|");
        List<double> memory = [];
        List<double> median = [];
        int[] turnsOfHalf = [];
        for (var n = 0; n < rows; n++)
        {
            if (n == rows / 2)
            {
                turnsOfHalf = [.. driver.Calls.Select(call => call.Turns)];
            }

            driver.Measure(row);
            var (cpu, turns) = (ProcessMeter.CpuSeconds(target.Processes), driver.Calls.Sum(call => call.Turns));
            for (var rest = row; rest > TimeSpan.Zero; rest -= BetweenFaults)
            {
                await Task.Delay(rest < BetweenFaults ? rest : BetweenFaults);
                using var _ = await http.GetAsync(new Uri($"/end/{random.GetItems(Enum.GetValues<SessionEnd>(), 1)[0]}", UriKind.Relative));
            }

            var used = ProcessMeter.CpuSeconds(target.Processes) - cpu;
            await Task.Delay(SingleRun.Settle);
            var latency = SingleRun.Sum(driver.Calls.Select(call => call.Latency));
            memory.Add(ProcessMeter.ResidentKb(target.Processes) / 1024.0);
            median.Add(latency.Ms(0.5));
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"| {n + 1} | {memory[^1]:0} | {used * 1000 / row.TotalSeconds / conversations:0.00} | {median[^1]:0.00} | {latency.Ms(0.99):0.00} | {latency.Ms(1):0} | {driver.Calls.Sum(c => c.EchoesDue - c.EchoesCame)} | {driver.Calls.Count(c => c.IsLost)} | {driver.Calls.Sum(call => call.Turns) - turns} |"));
        }

        var lost = driver.Calls.Count(call => call.IsLost);
        var stuck = driver.Calls.Zip(turnsOfHalf).Count(pair => pair.First.Turns == pair.Second);
        driver.Stop();
        var isFlat = IsFlat("Memory", memory, MemoryGrowth) & IsFlat("Latency", median, LatencyGrowth);
        Console.WriteLine($"{lost} clients were disconnected, {stuck} conversations had no turn in the later half.");
        return isFlat && lost == 0 && stuck == 0 ? 0 : 1;
    }

    private static bool IsFlat(string what, List<double> values, double growth)
    {
        var half = values.Count / 2;
        if (half == 0)
        {
            return true;
        }

        var (first, later) = (values.Take(half).Average(), values.Skip(values.Count - half).Average());
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{what}: {later / first:0.00} × in the later half, {(later <= first * growth ? "flat" : "not flat")}."));
        return later <= first * growth;
    }
}
