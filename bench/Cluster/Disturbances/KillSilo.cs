using Orchestrator.Testing;

namespace Orchestrator.Bench.Cluster.Disturbances;

/// <summary>SIGKILL, one silo after the other; each is started again, not at once: on two cores its start would be measured, too, and nobody's supervisor is that fast.</summary>
internal sealed class KillSilo : IDisturbance
{
    private static readonly TimeSpan Away = TimeSpan.FromSeconds(3);

    public async Task<Moment> StrikeAsync(ClusterWorld world, int round, Random random)
    {
        var silo = world.Silos[round % world.Silos.Count];
        var at = DateTimeOffset.UtcNow;
        await silo.Child.KillAsync();
        await Task.Delay(Away);
        await silo.RestartAsync();
        return new Moment($"{silo.Name} killed", at, DateTimeOffset.UtcNow);
    }
}
