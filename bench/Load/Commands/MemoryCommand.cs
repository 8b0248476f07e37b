using Orchestrator.Bench.Load.Driver;
using Orchestrator.Bench.Load.Measure;
using Orchestrator.Bench.Load.Targets;

namespace Orchestrator.Bench.Load.Commands;

/// <summary>What live conversations take of memory, by their number: while they talk, and after.</summary>
internal static class MemoryCommand
{
    public static async Task<int> RunAsync(IReadOnlyList<int> sizes, LoadSettings settings)
    {
        await using var stage = await Stage.StartAsync();
        Console.WriteLine("| target | conversations | idle MB | open, nobody has spoken: KB each | talking: KB each | peak: KB each | all have left, 5 s later: MB |");
        Console.WriteLine("|---|--:|--:|--:|--:|--:|--:|");
        foreach (var spec in settings.Targets.Where(t => t.Name != TargetSpec.Floor))
        {
            foreach (var size in sizes)
            {
                await using var target = await spec.StartAsync(stage.Upstream);
                await Task.Delay(TimeSpan.FromSeconds(1));
                var idle = ProcessMeter.ResidentKb(target.Processes);
                using var driver = await LoadDriver.OpenAsync(target, size, settings.Plan, settings.Seed);
                await Task.Delay(TimeSpan.FromSeconds(1));
                var open = ProcessMeter.ResidentKb(target.Processes);
                driver.Start();
                await Task.Delay(settings.WarmUp + settings.Time);
                var (talking, peak) = (ProcessMeter.ResidentKb(target.Processes), ProcessMeter.PeakKb(target.Processes));
                driver.Stop();
                await Task.Delay(TimeSpan.FromSeconds(5));
                var after = ProcessMeter.ResidentKb(target.Processes);
                Console.WriteLine($"| {spec.Text} | {size} | {idle / 1024} | {Each(open)} | {Each(talking)} | {Each(peak)} | {after / 1024} |");

                string Each(long kb) => $"{(double)(kb - idle) / size:0}";
            }
        }

        return 0;
    }
}
