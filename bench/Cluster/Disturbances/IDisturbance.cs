using Orchestrator.Testing;

namespace Orchestrator.Bench.Cluster.Disturbances;

/// <summary>When something was done to the cluster, and when it was undone.</summary>
internal sealed record Moment(string What, DateTimeOffset From, DateTimeOffset To);

/// <summary>What is done to a cluster under load, once a round.</summary>
internal interface IDisturbance
{
    /// <summary>Front-ends reach silos through proxies.</summary>
    bool NeedsProxies => false;

    /// <summary>An owner stays alive that is not the owner any more: its writes are watched.</summary>
    bool NeedsWitness => false;

    Task<Moment> StrikeAsync(ClusterWorld world, int round, Random random);

    /// <summary>What it measured itself.</summary>
    void Print()
    {
    }
}

/// <summary>Nothing happens: what the others are compared with.</summary>
internal sealed class Nothing : IDisturbance
{
    public async Task<Moment> StrikeAsync(ClusterWorld world, int round, Random random)
    {
        var at = DateTimeOffset.UtcNow;
        await Task.Delay(TimeSpan.FromSeconds(2));
        return new Moment("nothing", at, DateTimeOffset.UtcNow);
    }
}
