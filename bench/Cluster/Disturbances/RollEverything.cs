using System.Diagnostics;
using Orchestrator.Testing;

namespace Orchestrator.Bench.Cluster.Disturbances;

/// <summary>A new version is rolled out: every silo and then every front-end gets SIGTERM, ends by itself and is started again.</summary>
internal sealed class RollEverything : IDisturbance
{
    private readonly List<double> _silos = [];
    private readonly List<double> _frontEnds = [];
    private int _failed;

    public async Task<Moment> StrikeAsync(ClusterWorld world, int round, Random random)
    {
        var at = DateTimeOffset.UtcNow;
        foreach (var silo in world.Silos)
        {
            await EndAsync(silo.Child, _silos);
            await silo.RestartAsync();
            await Task.Delay(TimeSpan.FromSeconds(1));
        }

        foreach (var frontEnd in world.FrontEnds)
        {
            await EndAsync(frontEnd.Child, _frontEnds);
            await frontEnd.RestartAsync();
            await Task.Delay(TimeSpan.FromSeconds(1));
        }

        return new Moment("everything rolled", at, DateTimeOffset.UtcNow);
    }

    public void Print() => Console.WriteLine(
        $"SIGTERM to exit: silos {_silos.Average():0.0} s on average, {_silos.Max():0.0} s at most; front-ends {_frontEnds.Average():0.0} s on average, {_frontEnds.Max():0.0} s at most; {_failed} ended with another code than 0.");

    private async Task EndAsync(ChildProcess process, List<double> seconds)
    {
        var begun = Stopwatch.GetTimestamp();
        process.Send(Signal.Terminate);
        _failed += await process.ExitAsync(TimeSpan.FromMinutes(2)) == 0 ? 0 : 1;
        seconds.Add(Stopwatch.GetElapsedTime(begun).TotalSeconds);
    }
}
