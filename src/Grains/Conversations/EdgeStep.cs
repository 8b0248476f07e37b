using Orchestrator.Attach;
using Orchestrator.Grains.Recovery;
using Orchestrator.Grains.Turns;
using Orchestrator.Journal;

namespace Orchestrator.Grains.Conversations;

/// <summary>Clients come, go and come back (DESIGN §6.7, §6.8).</summary>
internal static class EdgeStep
{
    private const string Nobody = "the client has closed";

    public static void Attach(Transition t, ConversationInput.ClientAttached attached)
    {
        if (attached.Generation <= t.State.Attachments)
        {
            t.Count("staleAttach");
            return;
        }

        t.State = t.State with
        {
            Attachments = attached.Generation,
            Client = attached.Client,
            Edge = new EdgeState.Attached(attached.Generation, attached.Wants),
            EchoExpected = attached.Generation > 1 && !attached.Moved,
        };
        t.Disarm(DeadlineKind.Grace);
        t.Append(new ClientAttached(attached.Generation) { Client = attached.Client });
        var lost = Takeover.RecordLost(t);
        Takeover.Attached(t, attached.Moved, lost);
        LinkStep.EnsureOpen(t);
    }

    public static void Detach(Transition t, ConversationInput.ClientDetached detached)
    {
        if (t.State.Edge is not EdgeState.Attached edge || edge.Generation != detached.Generation)
        {
            t.Count("staleDetach");
            Displacement.Gone(t, detached);
            return;
        }

        t.Append(new ClientDetached(detached.Generation, detached.Code, detached.Reason));
        if (detached.Code != 1000)
        {
            // Vanished, or sent away by something other than its user's wish to stop: it may be back in a moment.
            t.State = t.State with { Edge = new EdgeState.Lost(edge.Generation, edge.Wants, t.Now) };
            t.Arm(DeadlineKind.Grace, t.Now + t.State.Rules.GraceMs);
            return;
        }

        t.State = t.State with { Edge = EdgeState.None.Instance };
        if (t.State.Hold is not { Overdue: false })
        {
            Park(t, Nobody);
        }
    }

    /// <summary>
    /// The wait for a handle is over: a conversation that was to be put away meanwhile need not stay. It stayed because
    /// the last turn's handle was due any moment, and without it the conversation could not be brought back.
    /// </summary>
    public static void HoldResolved(Transition t)
    {
        if (t.State.Edge is EdgeState.None && t.State.Link is LinkState.Live)
        {
            Park(t, Nobody);
        }
    }

    public static void GraceOver(Transition t)
    {
        if (t.State.Edge is EdgeState.Lost)
        {
            t.State = t.State with { Edge = EdgeState.None.Instance };
            Park(t, "the client did not come back within the grace time");
        }
    }

    /// <summary>
    /// The silo does not hear from its database, so another may own this conversation without its knowing. Without a client, too, the
    /// upstream connection would be kept open for nobody (DESIGN §10).
    /// </summary>
    public static void Isolated(Transition t, long afterMs)
    {
        if (t.State.Edge is EdgeState.Lost lost && t.Now - lost.Since >= afterMs)
        {
            t.Count("isolated");
            t.State = t.State with { Edge = EdgeState.None.Instance };
            Park(t, "the silo hears neither a client nor its database");
        }
    }

    public static void End(Transition t, string reason, string by)
    {
        TurnCommit.Abandon(t);
        t.Append(new ConversationEnded(reason, by), Durability.Flushed);
        LinkStep.Close(t);
        t.CloseClient(new EdgeClose(1000, reason));
        t.State = t.State with { Ended = true };
        t.Emit(new Effect.Release(reason));
    }

    /// <summary>The silo goes down. The drain of the cluster issue moves conversations instead.</summary>
    public static void Stop(Transition t)
    {
        t.CloseClient(EdgeClose.Restarting);
        t.State = t.State with { Edge = EdgeState.None.Instance };
        if (t.State.Hold is not { Overdue: false })
        {
            Park(t, "the silo stops");
        }
    }

    /// <summary>Nobody listens: what was said so far is written down, the link is closed, memory is freed.
    /// The journal and the checkpoint stay, so that a handle can bring the conversation back.</summary>
    public static void Park(Transition t, string reason)
    {
        TurnCommit.Abandon(t);
        LinkStep.Close(t);
        t.Emit(new Effect.Release(reason));
    }
}
