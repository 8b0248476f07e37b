using Orchestrator.Bench.Load.Driver;
using Orchestrator.Bench.Load.Measure;
using Orchestrator.Bench.Load.Targets;

namespace Orchestrator.Bench.Load.Commands;

/// <summary>One target, started fresh, with one number of conversations.</summary>
internal static class SingleRun
{
    /// <summary>Idle memory is read when a process has settled; echoes that are under way at the end still count.</summary>
    internal static readonly TimeSpan Settle = TimeSpan.FromSeconds(1);

    public static async Task<RunResult> MeasureAsync(Stage stage, TargetSpec spec, int conversations, LoadSettings settings)
    {
        await using var target = await spec.StartAsync(stage.Upstream);
        await Task.Delay(Settle);
        var idle = ProcessMeter.ResidentKb(target.Processes);
        using var driver = await LoadDriver.OpenAsync(target, conversations, settings.Plan, settings.Seed);
        driver.Start();
        await Task.Delay(settings.WarmUp);

        var turnsBefore = driver.Calls.Sum(call => call.Turns);
        var before = Cpu(stage, target);
        var begun = TimeProvider.System.GetTimestamp();
        driver.Measure(settings.Time);
        await Task.Delay(settings.Time);
        var after = Cpu(stage, target);
        var seconds = TimeProvider.System.GetElapsedTime(begun).TotalSeconds;
        var (steady, turns) = (ProcessMeter.ResidentKb(target.Processes), driver.Calls.Sum(call => call.Turns) - turnsBefore);
        await Task.Delay(Settle);

        var result = new RunResult
        {
            Target = spec.Text,
            Conversations = conversations,
            Latency = Sum(driver.Calls.Select(call => call.Latency)),
            Lateness = driver.Lateness,
            SetUp = SetUps(driver.Calls),
            EchoesDue = driver.Calls.Sum(call => call.EchoesDue),
            EchoesCame = driver.Calls.Sum(call => call.EchoesCame),
            Turns = turns,
            LostCalls = driver.Calls.Count(call => call.IsLost),
            CpuMs = (after.Target - before.Target) * 1000 / seconds / conversations,
            DatabaseCpuMs = (after.Database - before.Database) * 1000 / seconds / conversations,
            DriverCores = (after.Driver - before.Driver) / seconds,
            UpstreamCores = (after.Upstream - before.Upstream) / seconds,
            IdleKb = idle,
            SteadyKb = steady,
            PeakKb = ProcessMeter.PeakKb(target.Processes),
        };
        driver.Stop();
        await Task.Delay(Settle);
        return result;
    }

    internal static Histogram Sum(IEnumerable<Histogram> histograms)
    {
        var sum = new Histogram();
        foreach (var one in histograms)
        {
            sum.Add(one);
        }

        return sum;
    }

    private static (double Target, double Database, double Driver, double Upstream) Cpu(Stage stage, Target target) =>
    (
        ProcessMeter.CpuSeconds(target.Processes),
        ProcessMeter.CpuSeconds(target.Database),
        ProcessMeter.CpuSeconds([Environment.ProcessId]),
        ProcessMeter.CpuSeconds([stage.UpstreamProcess]));

    private static Histogram SetUps(IEnumerable<Call> calls)
    {
        var histogram = new Histogram();
        foreach (var call in calls)
        {
            histogram.Add(call.SetUpMicroseconds);
        }

        return histogram;
    }
}
