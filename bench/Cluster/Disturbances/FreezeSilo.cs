using Orchestrator.Testing;

namespace Orchestrator.Bench.Cluster.Disturbances;

/// <summary>SIGSTOP for 5 to 8 s, one silo after the other: it wakes and believes that it owns what others have taken.</summary>
internal sealed class FreezeSilo : IDisturbance
{
    public bool NeedsWitness => true;

    public async Task<Moment> StrikeAsync(ClusterWorld world, int round, Random random)
    {
        var silo = world.Silos[round % world.Silos.Count];
        var at = DateTimeOffset.UtcNow;
        silo.Child.Send(Signal.Stop);
        await Task.Delay(random.Next(5_000, 8_000));
        silo.Child.Send(Signal.Continue);
        return new Moment($"{silo.Name} frozen", at, DateTimeOffset.UtcNow);
    }
}
