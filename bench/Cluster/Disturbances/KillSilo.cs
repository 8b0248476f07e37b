using Orchestrator.Testing;

namespace Orchestrator.Bench.Cluster.Disturbances;

/// <summary>SIGKILL, one silo after the other; each is started again.</summary>
internal sealed class KillSilo : IDisturbance
{
    public async Task<Moment> StrikeAsync(ClusterWorld world, int round, Random random)
    {
        var silo = world.Silos[round % world.Silos.Count];
        var at = DateTimeOffset.UtcNow;
        await silo.Child.KillAsync();
        await silo.RestartAsync();
        return new Moment($"{silo.Name} killed", at, DateTimeOffset.UtcNow);
    }
}
