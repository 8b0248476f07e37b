using System.Diagnostics;
using Orchestrator.Testing;

namespace Orchestrator.Bench.Cluster.Disturbances;

/// <summary>PostgreSQL is restarted (<c>-m fast</c>) and crashed (<c>-m immediate</c>) in turn, and is back as soon as it can be.</summary>
internal sealed class EndDatabase : IDisturbance
{
    private readonly List<double> _seconds = [];

    public async Task<Moment> StrikeAsync(ClusterWorld world, int round, Random random)
    {
        var crash = round % 2 == 1;
        var (at, begun) = (DateTimeOffset.UtcNow, Stopwatch.GetTimestamp());
        await (crash ? world.Postgres.CrashAsync() : world.Postgres.StopAsync());
        await world.Postgres.StartAsync();
        _seconds.Add(Stopwatch.GetElapsedTime(begun).TotalSeconds);
        return new Moment(crash ? "database crashed" : "database restarted", at, DateTimeOffset.UtcNow);
    }

    public void Print() => Console.WriteLine($"The database was away for {_seconds.Average():0.0} s on average, {_seconds.Max():0.0} s at most.");
}
