using Orchestrator.Attach;
using Orchestrator.Grains.Conversations;
using Orchestrator.Grains.Recovery;
using Orchestrator.Journal;

namespace Orchestrator.Grains.Turns;

/// <summary>
/// Makes resumption handles into checkpoints (DESIGN §7). The protocol does not say which input a handle covers,
/// so a handle counts only when nothing can be in flight: at a turn boundary, with unvoiced audio held for a moment.
/// </summary>
internal static class CheckpointStep
{
    /// <summary>A handle that has not come by then never will.</summary>
    private const long HandleLostMs = 5_000;

    /// <summary>How late a handle may be.</summary>
    private const long HandleLateMs = 2_000;

    /// <summary>A turn was committed: if this is a boundary, wait for the handle that covers it.</summary>
    public static void Boundary(Transition t)
    {
        TurnEnded(t);
        var state = t.State;
        if (state.InteractionOpen || state.AwaitsTools || state.Media.LastMeaningful > state.CommittedTo
            || state.Link is not LinkState.Live)
        {
            t.Count("checkpointNotAtBoundary");
            return;
        }

        t.State = state with { Hold = new CheckpointHold(state.Media.LastInput, Overdue: false) };
        t.Emit(Effect.HoldInput.Instance);
        t.Arm(DeadlineKind.CheckpointHold, t.Now + state.Rules.CheckpointHoldMs);
    }

    /// <summary>A turn has ended: upstream is to tell a handle now. One that it owes from before may still be under way.</summary>
    public static void TurnEnded(Transition t)
    {
        if (t.State.Link is LinkState.Live live)
        {
            t.State = t.State with { Link = live with { HandlesOwed = live.HandlesOwed.Add(t.Now) } };
        }
    }

    /// <summary>A resumable handle arrived on the live link.</summary>
    public static void Handle(Transition t, LinkState.Live live, string handle)
    {
        var isOlder = IsOlder(t, live);
        var state = t.State;
        long position;
        if (state.Hold is { } hold)
        {
            if (isOlder)
            {
                t.Count("handleOfEarlierMoment");
                return;
            }

            position = hold.Position;
            Release(t);
        }
        else if (state.Media.LastInput <= live.Plan.ReplayAfter && live.Plan is not ResumePlan.Seed)
        {
            // Nothing has been sent on this connection: the handle covers what the connection began with.
            position = live.Plan.ReplayAfter;
        }
        else
        {
            t.Count("handleInFlight");
            return;
        }

        t.State = t.State with { Checkpoint = new Checkpoint(handle, position, t.State.Lineage, live.Link, live.Plan.Endpoint) };
        var fact = t.Append(
            new CheckpointTaken(live.Link, t.State.Lineage, live.Plan.Endpoint, handle, position, t.State.Rules.SetupHash),
            Durability.Flushed);
        t.State = t.State with { PendingTrim = (fact, position) };
        EdgeStep.HoldResolved(t);
    }

    /// <summary>True when the handle may belong to an earlier moment than the newest that one is owed for.</summary>
    private static bool IsOlder(Transition t, LinkState.Live live)
    {
        var owed = live.HandlesOwed.RemoveAll(since => t.Now - since > HandleLostMs);
        // Handles that nobody owes may come at any time, and be as late as the others.
        var unasked = live.UnaskedHandles || owed.IsEmpty;
        t.State = t.State with
        {
            Link = ((LinkState.Live)t.State.Link) with { HandlesOwed = owed.IsEmpty ? owed : owed.RemoveAt(0), UnaskedHandles = unasked },
        };
        return owed.Count > 1 || (unasked && t.Now - live.AnsweringSince < HandleLateMs);
    }

    /// <summary>Input arrived during the wait: voiced or meaningful input ends it without a checkpoint.</summary>
    public static void InputCame(Transition t, InputTraits traits)
    {
        if (t.State.Hold is { } hold && (hold.Overdue || (traits & ~(InputTraits.Audio | InputTraits.Video)) != 0))
        {
            t.Count("checkpointMissed");
            Release(t);
        }
    }

    /// <summary>The handle is late. While no input is being held up, waiting on costs nothing.</summary>
    public static void Overdue(Transition t)
    {
        if (t.State.Hold is not { } hold)
        {
            return;
        }

        if (t.State.Media.LastInput == hold.Position)
        {
            t.State = t.State with { Hold = hold with { Overdue = true } };
            EdgeStep.HoldResolved(t);
            return;
        }

        t.Count("checkpointMissed");
        Release(t);
        EdgeStep.HoldResolved(t);
        RotationStep.Consider(t);
    }

    /// <summary>The link is gone: what was held stays in the log for the next one.</summary>
    public static void Drop(Transition t)
    {
        t.State = t.State with { Hold = null };
        t.Disarm(DeadlineKind.CheckpointHold);
    }

    private static void Release(Transition t)
    {
        Drop(t);
        t.Emit(Effect.ReleaseInput.Instance);
    }
}
