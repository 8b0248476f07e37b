using Orchestrator.Attach;
using Orchestrator.Grains.Recovery;
using Orchestrator.Grains.Turns;
using Orchestrator.Journal;

namespace Orchestrator.Grains.Conversations;

/// <summary>
/// A conversation goes on at another silo: because its own is being emptied, or because upstream cannot be reached from it
/// (rung 4). What is under way is left to the next owner, who takes it over as from a silo that was lost; only that here
/// everything is written first, and the old connection closed.
/// </summary>
internal static class MoveStep
{
    /// <summary>Recoveries of one turn that may go elsewhere: from a third silo an outage looks no different.</summary>
    private const int MovesPerTurn = 1;

    /// <summary>Rung 4 is there to be climbed.</summary>
    public static bool IsPossible(ConversationState state) =>
        state.Rules.MayMove && state.Moves < MovesPerTurn && state.Edge is EdgeState.Attached;

    public static void Requested(Transition t, bool atOnce)
    {
        t.State = t.State with { Draining = true };
        if (atOnce)
        {
            Leave(t, "drain");
        }
    }

    /// <summary>An emptied silo lets go of a conversation at the first turn boundary.</summary>
    public static void Watch(Transition t)
    {
        if (t.State is { Draining: true, Ended: false } && IsAtRest(t.State))
        {
            Leave(t, "drain");
        }
    }

    /// <param name="why">As in <see cref="ConversationMoved"/>.</param>
    public static void Leave(Transition t, string why)
    {
        if (t.State.Edge is not EdgeState.Attached)
        {
            t.State = t.State with { Draining = false };
            EdgeStep.Park(t, "nobody is attached, and the silo is being emptied");
            return;
        }

        Go(t, why);
    }

    /// <summary>
    /// Another silo takes over and asks first: the client cannot reach this one, or came back elsewhere. What is written by then
    /// need not be made good there, and upstream's connection is not left open.
    /// </summary>
    /// <param name="clientRemembers">The next owner is told what the client has heard; otherwise what was said so far is written down.</param>
    public static void Released(Transition t, bool clientRemembers)
    {
        if (!clientRemembers)
        {
            TurnCommit.Abandon(t);
        }

        Go(t, "takeover");
    }

    private static void Go(Transition t, string why)
    {
        t.State = t.State with { Draining = false };
        t.Append(new ConversationMoved(why), Durability.Flushed);
        LinkStep.Close(t);
        t.CloseClient(EdgeClose.Moving);
        t.Emit(new Effect.Release($"the conversation moves ({why})"));
    }

    private static bool IsAtRest(ConversationState state) =>
        state.IsQuiet && state is { AwaitsTools: false, InteractionOpen: false, ActivityOpen: false, AwaitedCommit: 0, Draft.Answering: false }
        && state.PendingTrim.Fact == 0 && state.Hold is not { Overdue: false } && state.Link is not LinkState.Rotating;
}
