namespace Orchestrator.Grains.Recovery;

/// <summary>Where the upstream connection stands (DESIGN §5, second region).</summary>
public abstract record LinkState
{
    private LinkState()
    {
    }

    /// <summary>No connection, and none is wanted: nobody is attached.</summary>
    public sealed record Parked : LinkState
    {
        public static readonly Parked Instance = new();
    }

    /// <summary>Dialling, or waiting for <c>setupComplete</c>.</summary>
    /// <param name="Link">Number of the connection.</param>
    /// <param name="Plan">How this connection restores the context.</param>
    /// <param name="Attempt">Which try of the recovery it is, from 1.</param>
    /// <param name="SinceMs">When the recovery began: the loss, or the first dial.</param>
    public sealed record Connecting(int Link, ResumePlan Plan, int Attempt, long SinceMs) : LinkState;

    /// <summary>Set up; input flows.</summary>
    public sealed record Live(int Link, ResumePlan Plan) : LinkState
    {
        /// <summary>The model has said something on this connection.</summary>
        public bool Answered { get; init; }
    }

    /// <summary>Waiting before the next try.</summary>
    public sealed record Recovering(ResumePlan Plan, int Attempt, long SinceMs) : LinkState;

    /// <summary>The ladder has no rung left; the client was closed and may come back.</summary>
    public sealed record Exhausted : LinkState
    {
        public static readonly Exhausted Instance = new();
    }
}

/// <summary>How a new connection gets the conversation's context, and where input goes on (rungs of DESIGN §7).</summary>
public abstract record ResumePlan
{
    private ResumePlan(long replayAfter) => ReplayAfter = replayAfter;

    /// <summary>Input after this position is sent (again) on the new connection.</summary>
    public long ReplayAfter { get; }

    /// <summary>A new upstream session that owes nothing to an earlier one.</summary>
    public sealed record Fresh(long After) : ResumePlan(After);

    /// <summary>Rung 1: the checkpoint's handle on the same endpoint.</summary>
    public sealed record Resume(Checkpoint Checkpoint) : ResumePlan(Checkpoint.Position);
}

/// <summary>
/// A resumption handle together with what is known about it: the model's context covers all input up to
/// <paramref name="Position"/>, because it was received at a turn boundary with nothing in flight.
/// </summary>
public sealed record Checkpoint(string Handle, long Position, int Lineage, int Link);
