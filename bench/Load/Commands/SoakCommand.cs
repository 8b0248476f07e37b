using System.Globalization;
using Orchestrator.Bench.Load.Driver;
using Orchestrator.Bench.Load.Measure;
using Orchestrator.Bench.Load.Targets;

namespace Orchestrator.Bench.Load.Commands;

/// <summary>
/// Minutes of load during which upstream connections break at random: memory and latency must stay where they are, and every
/// client must stay connected. Exit code 0 when they do.
/// </summary>
internal static class SoakCommand
{
    private const int FaultsPerMinute = 30;

    /// <summary>Memory of the last minutes beyond that of the first is a leak; so much is noise.</summary>
    private const double Growth = 1.1;

    public static async Task<int> RunAsync(TargetSpec spec, int conversations, int minutes, LoadSettings settings)
    {
        await using var stage = await Stage.StartAsync();
        using var http = new HttpClient { BaseAddress = stage.Upstream };
        await using var target = await spec.StartAsync(stage.Upstream);
        using var driver = await LoadDriver.OpenAsync(target, conversations, settings.Plan, settings.Seed);
        driver.Start();
        await Task.Delay(settings.WarmUp);
        Console.WriteLine($"{conversations} conversations on {spec.Text}, {FaultsPerMinute} upstream connections cut per minute. Latency is that of all echoes, those that a loss held up among them.");
        Console.WriteLine("| minute | RSS MB | CPU ms per s | p50 ms | p99 ms | max ms | echoes lost | calls lost | turns |");
        Console.WriteLine("|--:|--:|--:|--:|--:|--:|--:|--:|--:|");
        List<double> memory = [];
        var minute = TimeSpan.FromMinutes(1);
        for (var n = 1; n <= minutes; n++)
        {
            driver.Measure(minute);
            var (cpu, turns) = (ProcessMeter.CpuSeconds(target.Processes), driver.Calls.Sum(call => call.Turns));
            for (var fault = 0; fault < FaultsPerMinute; fault++)
            {
                await Task.Delay(minute / FaultsPerMinute);
                using var _ = await http.GetAsync(new Uri("/cut/1", UriKind.Relative));
            }

            memory.Add(ProcessMeter.ResidentKb(target.Processes) / 1024.0);
            var latency = SingleRun.Sum(driver.Calls.Select(call => call.Latency));
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"| {n} | {memory[^1]:0} | {(ProcessMeter.CpuSeconds(target.Processes) - cpu) * 1000 / 60 / conversations:0.00} | {latency.Ms(0.5):0.00} | {latency.Ms(0.99):0.00} | {latency.Ms(1):0} | {driver.Calls.Sum(c => c.EchoesDue - c.EchoesCame)} | {driver.Calls.Count(c => c.IsLost)} | {driver.Calls.Sum(call => call.Turns) - turns} |"));
        }

        var lost = driver.Calls.Count(call => call.IsLost);
        driver.Stop();
        var half = memory.Count / 2;
        var isFlat = half == 0 || memory.Skip(memory.Count - half).Average() <= memory.Take(half).Average() * Growth;
        Console.WriteLine($"Memory is {(isFlat ? "flat" : "not flat")}, {lost} clients were disconnected.");
        return isFlat && lost == 0 ? 0 : 1;
    }
}
