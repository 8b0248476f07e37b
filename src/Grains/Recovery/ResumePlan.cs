using Gemini.Live.Closes;

namespace Orchestrator.Grains.Recovery;

/// <summary>How a new connection gets the conversation's context, and where input goes on (rungs of DESIGN §7).</summary>
public abstract record ResumePlan
{
    private ResumePlan(string endpoint, long replayAfter) => (Endpoint, ReplayAfter) = (endpoint, replayAfter);

    /// <summary>Configured name of the endpoint to dial.</summary>
    public string Endpoint { get; }

    /// <summary>Input after this position is sent (again) on the new connection.</summary>
    public long ReplayAfter { get; }

    /// <summary>A new upstream session that owes nothing to an earlier one.</summary>
    public sealed record Fresh(string To, long After) : ResumePlan(To, After);

    /// <summary>Rung 1: the checkpoint's handle on the same endpoint.</summary>
    public sealed record Resume(Checkpoint Checkpoint) : ResumePlan(Checkpoint.Endpoint, Checkpoint.Position);

    /// <summary>Rung 2: a new upstream session that is told what was said up to the last settled turn.</summary>
    /// <param name="BudgetTokens">How much it is told.</param>
    public sealed record Seed(string To, long After, int BudgetTokens) : ResumePlan(To, After);

    /// <summary>The rung of the ladder that this is.</summary>
    public Rung Rung => this is Resume ? Rung.Resume : Rung.Fresh;
}

/// <summary>
/// A resumption handle together with what is known about it: the model's context covers all input up to
/// <paramref name="Position"/>, because it was received at a turn boundary with nothing in flight.
/// </summary>
/// <param name="Endpoint">Where it was issued; no other endpoint knows it.</param>
public sealed record Checkpoint(string Handle, long Position, int Lineage, int Link, string Endpoint);
