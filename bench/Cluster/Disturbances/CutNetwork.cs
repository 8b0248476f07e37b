using Orchestrator.Testing;

namespace Orchestrator.Bench.Cluster.Disturbances;

/// <summary>
/// The network between the front-ends and one silo: its connections are reset, or nothing gets through for 5 to 8 s. The silo itself, its
/// database and its upstream sockets are well.
/// </summary>
internal sealed class CutNetwork : IDisturbance
{
    public bool NeedsProxies => true;

    public bool NeedsWitness => true;

    public async Task<Moment> StrikeAsync(ClusterWorld world, int round, Random random)
    {
        var silo = world.Silos[round % world.Silos.Count];
        var at = DateTimeOffset.UtcNow;
        if (round % 2 == 1)
        {
            silo.Network.Reset();
            return new Moment($"connections to {silo.Name} reset", at, at);
        }

        silo.Network.Swallow();
        await Task.Delay(random.Next(5_000, 8_000));
        silo.Network.Heal();
        return new Moment($"{silo.Name} in a black hole", at, DateTimeOffset.UtcNow);
    }
}
