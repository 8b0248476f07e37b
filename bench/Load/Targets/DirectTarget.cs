namespace Orchestrator.Bench.Load.Targets;

/// <summary>Nothing between client and upstream: the floor.</summary>
internal sealed class DirectTarget(Uri upstream) : Target
{
    public override Uri Url => upstream;

    public override IReadOnlyList<int> Processes => [];
}
