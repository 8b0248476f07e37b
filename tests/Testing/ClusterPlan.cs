namespace Orchestrator.Testing;

/// <summary>What a test wants to be different from a cluster on a good network with its defaults.</summary>
public sealed record ClusterPlan
{
    /// <summary>Front-ends reach silos, and both the database, through a <see cref="TcpProxy"/> each.</summary>
    public bool HasNetworks { get; init; }

    /// <summary>More arguments of every silo, as on the command line.</summary>
    public IReadOnlyList<string> SiloArguments { get; init; } = [];

    /// <summary>More arguments of every front-end.</summary>
    public IReadOnlyList<string> FrontEndArguments { get; init; } = [];
}
