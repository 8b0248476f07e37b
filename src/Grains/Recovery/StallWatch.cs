namespace Orchestrator.Grains.Recovery;

/// <summary>What has been tried to get the answer to the user's present turn; begins anew with every settled turn.</summary>
public sealed record StallWatch
{
    public static readonly StallWatch None = new();

    /// <summary>The model was reminded that the user waits.</summary>
    public bool Nudged { get; init; }

    /// <summary>Connections that were given up because of it.</summary>
    public int Climbs { get; init; }

    /// <summary>Nothing is left to try: the client waits.</summary>
    public bool GivenUp { get; init; }

    /// <summary>Upstream has ended a turn in which it gave nothing, and whether the user had said anything is not known yet.</summary>
    public bool EmptyEnd { get; init; }
}
