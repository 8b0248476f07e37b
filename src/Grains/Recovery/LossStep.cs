using Gemini.Live.Closes;
using Gemini.Live.Links;
using Orchestrator.Attach;
using Orchestrator.Grains.Conversations;
using Orchestrator.Grains.Tools;
using Orchestrator.Grains.Turns;
using Orchestrator.Journal;

namespace Orchestrator.Grains.Recovery;

/// <summary>A link is gone, or never came to be: what was open is closed towards the client, and the ladder is asked.</summary>
internal static class LossStep
{
    public static void Lost(Transition t, LinkLoss loss, RecoveryKind kind = RecoveryKind.Loss)
    {
        var verdict = LinkEndings.Classify(t.State, loss, t.Now);
        Record(t, loss, verdict);
        CheckpointStep.Drop(t);
        foreach (var deadline in (ReadOnlySpan<DeadlineKind>)[DeadlineKind.LinkHealthy, DeadlineKind.Rotate, DeadlineKind.SeedReply])
        {
            t.Disarm(deadline);
        }

        var episode = RecoveryRecord.Next(t, kind, verdict.Cause, loss);
        t.Emit(Effect.DropLink.Instance);
        CutReply.Close(t);
        t.State = t.State with
        {
            Link = LinkState.Parked.Instance,
            InteractionOpen = false,
            LossesOnTurn = t.State.IsQuiet ? 0 : t.State.LossesOnTurn + 1,
            OldSocketMayBeOpen = loss.Kind is not LinkLossKind.CloseFrame,
            Episode = episode,
            IsCareful = t.State.IsCareful || InputDuringCall.IsToBlame(t.State, verdict),
        };
        if (verdict.Cause == CloseCause.HandleRejected)
        {
            DropHandle(t);
        }

        Quarantine.Consider(t, verdict, loss);
        if (t.State.Edge is EdgeState.None)
        {
            EdgeStep.Park(t, "the link was lost after the client had closed");
            return;
        }

        Climb(t, Ladder.Next(t.State, episode, verdict, tried: null, dialling: false, t.Now));
    }

    public static void Failed(Transition t, LinkState.Connecting connecting, LinkLoss loss)
    {
        var verdict = LinkEndings.Classify(t.State, loss, t.Now);
        Record(t, loss, verdict);
        if (verdict.Cause == CloseCause.HandleRejected)
        {
            DropHandle(t);
        }

        var episode = (t.State.Episode ?? new RecoveryEpisode(RecoveryKind.Opening, connecting.Link, t.Now, verdict.Cause, loss.Code)) with { Last = loss };
        t.State = t.State with { Episode = episode };
        var dialling = loss.Kind is LinkLossKind.DialFailed or LinkLossKind.DialRefused or LinkLossKind.CircuitOpen;
        Climb(t, Ladder.Next(t.State, episode, verdict, connecting.Plan, dialling, t.Now));
    }

    private static void Climb(Transition t, LadderMove move)
    {
        switch (move)
        {
            case LadderMove.Try { WaitMs: 0 } next:
                t.State = t.State with { Episode = next.Episode };
                LinkStep.Open(t, next.Plan);
                break;
            case LadderMove.Try next:
                t.State = t.State with { Episode = next.Episode, Link = new LinkState.Recovering(next.Plan) };
                t.Arm(DeadlineKind.LinkRetry, t.Now + next.WaitMs, spreadMs: next.WaitMs / 4);
                break;
            case LadderMove.Leave when MoveStep.IsPossible(t.State):
                t.State = t.State with { Link = LinkState.Exhausted.Instance };
                MoveStep.Leave(t, "recovery");
                break;
            case LadderMove.Leave leave:
                t.Count("noSiloToMoveTo");
                Exhaust(t, leave.Close);
                break;
            case LadderMove.End end:
                Exhaust(t, end.Close);
                break;
        }
    }

    /// <summary>Rung 5: the client is told, and may come back with its handle. One that is away is expected for the rest of its grace time.</summary>
    private static void Exhaust(Transition t, EdgeClose close)
    {
        t.Count("ladderExhausted");
        t.Append(new RecoveryFailed(t.State.Links, LinkStep.Name(t.State.Episode!.Cause), t.State.Episode.Code, t.State.Episode.Tries, t.Now - t.State.Episode.SinceMs, close.Reason));
        t.State = t.State with { Link = LinkState.Exhausted.Instance };
        if (t.State.Edge is EdgeState.Lost)
        {
            // Nobody is there to be told. Who is back in time finds everything that was said still here, and all rungs again.
            t.State = t.State with { Episode = null, LossesOnTurn = 0 };
            return;
        }

        t.CloseClient(close);
        EdgeStep.Park(t, close.Reason);
    }

    private static void DropHandle(Transition t)
    {
        // What only the checkpoint covered is needed again.
        var trim = t.State.PendingTrim;
        t.State = t.State with { Checkpoint = null, PendingTrim = trim.Input > t.State.CommittedTo ? default : trim };
    }

    private static void Record(Transition t, LinkLoss loss, CloseVerdict verdict)
    {
        t.Append(new LinkLost(t.State.Links, LinkStep.Name(loss.Kind), loss.Code, loss.Reason, LinkStep.Name(verdict.Cause)));
        if (!verdict.IsKnown)
        {
            t.Count("unknownClose");
        }
    }
}
