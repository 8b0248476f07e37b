using System.Diagnostics;
using Orchestrator.Testing;

namespace Orchestrator.Bench.Cluster.Disturbances;

/// <summary>SIGTERM, one silo after the other: it is emptied at turn boundaries, ends, and is started again.</summary>
internal sealed class DrainSilo : IDisturbance
{
    private readonly List<double> _seconds = [];

    public async Task<Moment> StrikeAsync(ClusterWorld world, int round, Random random)
    {
        var silo = world.Silos[round % world.Silos.Count];
        var (at, begun) = (DateTimeOffset.UtcNow, Stopwatch.GetTimestamp());
        silo.Child.Send(Signal.Terminate);
        var code = await silo.Child.ExitAsync(TimeSpan.FromMinutes(2));
        _seconds.Add(Stopwatch.GetElapsedTime(begun).TotalSeconds);
        await silo.RestartAsync();
        return new Moment($"{silo.Name} emptied, exit {code}", at, DateTimeOffset.UtcNow);
    }

    public void Print() => Console.WriteLine($"A silo was empty after {_seconds.Average():0.0} s on average, {_seconds.Max():0.0} s at most; a turn takes about 2 s.");
}
