using System.Text.Json;
using Gemini.Live.Closes;
using Gemini.Live.Links;
using Gemini.Live.Scanning;
using Orchestrator.Attach;
using Orchestrator.Grains.Conversations;
using Orchestrator.Grains.Turns;
using Orchestrator.Journal;

namespace Orchestrator.Grains.Recovery;

/// <summary>
/// The link region: connections are opened, lost and replaced. This issue climbs rung 1 of the ladder
/// (resume the checkpoint and replay); seeding, other endpoints and rotation have their place in <see cref="Plan"/>.
/// </summary>
internal static class LinkStep
{
    private static readonly EdgeClose Unresumable = new(1011, "The session cannot be resumed upstream: no handle covers the last turn.");

    /// <summary>A client is there: make sure that a connection is, or is under way.</summary>
    public static void EnsureOpen(Transition t)
    {
        if (t.State.Link is LinkState.Parked or LinkState.Exhausted)
        {
            Begin(t);
        }
    }

    public static void Message(Transition t, ConversationInput.LinkMessage message)
    {
        switch (t.State.Link)
        {
            case LinkState.Live live when live.Link == message.Link:
                if (!live.Answered && message.Notice.Has(ModelTurn.ModelOutput))
                {
                    t.State = t.State with { Link = live with { Answered = true } };
                }

                ModelTurn.Received(t, live, message.Notice);
                break;
            case LinkState.Connecting connecting when connecting.Link == message.Link:
                if (message.Notice.Has(ServerParts.SetupComplete))
                {
                    Ready(t, connecting);
                }

                break;
            default:
                t.Count("staleLink");
                break;
        }
    }

    public static void Closed(Transition t, ConversationInput.LinkClosed closed)
    {
        switch (t.State.Link)
        {
            case LinkState.Live live when live.Link == closed.Link:
                Lost(t, closed.Loss);
                break;
            case LinkState.Connecting connecting when connecting.Link == closed.Link:
                t.Disarm(DeadlineKind.LinkSetup);
                Failed(t, connecting, closed.Loss);
                break;
            default:
                t.Count("staleLink");
                break;
        }
    }

    public static void SetupOverdue(Transition t)
    {
        if (t.State.Link is LinkState.Connecting connecting)
        {
            t.Emit(new Effect.CloseLink(connecting.Link));
            Failed(t, connecting, new LinkLoss(LinkLossKind.DialFailed, Code: null, "no setupComplete in time"));
        }
    }

    public static void Retry(Transition t)
    {
        if (t.State.Link is LinkState.Recovering recovering)
        {
            Open(t, recovering.Plan, recovering.Attempt, recovering.SinceMs);
        }
    }

    /// <summary>Nobody needs the link any more.</summary>
    public static void Close(Transition t)
    {
        CheckpointStep.Drop(t);
        t.Disarm(DeadlineKind.LinkSetup);
        t.Disarm(DeadlineKind.LinkRetry);
        if (t.State.Link is LinkState.Live or LinkState.Connecting)
        {
            t.Append(new LinkLost(t.State.Links, Name(LinkLossKind.ClosedByUs), Code: null, "", Name(CloseCause.Clean)));
            t.Emit(new Effect.CloseLink(t.State.Links));
        }

        t.State = t.State with { Link = LinkState.Parked.Instance, OpenCalls = t.State.OpenCalls.Clear(), InteractionOpen = false };
    }

    /// <summary>How the next connection gets the context; null when no rung that this version has would keep it.</summary>
    private static ResumePlan? Plan(ConversationState state) => state switch
    {
        { Checkpoint: { } checkpoint } when checkpoint.Position >= state.CommittedTo => new ResumePlan.Resume(checkpoint),
        { Settled: 0 } => new ResumePlan.Fresh(After: 0),
        _ => null,
    };

    private static void Begin(Transition t)
    {
        if (Plan(t.State) is { } plan)
        {
            Open(t, plan, attempt: 1, t.Now);
        }
        else
        {
            Exhaust(t, Unresumable);
        }
    }

    private static void Open(Transition t, ResumePlan plan, int attempt, long since)
    {
        var link = t.State.Links + 1;
        t.State = t.State with { Links = link, Link = new LinkState.Connecting(link, plan, attempt, since) };
        t.Arm(DeadlineKind.LinkSetup, t.Now + t.State.Rules.LinkSetupMs);
        t.Emit(new Effect.OpenLink(link, plan));
    }

    private static void Ready(Transition t, LinkState.Connecting connecting)
    {
        t.Disarm(DeadlineKind.LinkSetup);
        var resumed = connecting.Plan is ResumePlan.Resume;
        var replayed = connecting.Link > 1 && t.State.Media.LastInput > connecting.Plan.ReplayAfter;
        t.State = t.State with
        {
            Link = new LinkState.Live(connecting.Link, connecting.Plan),
            Lineage = resumed ? t.State.Lineage : t.State.Lineage + 1,
            // Upstream transcribes speech that is replayed to it once more, so the words heard so far are replaced.
            Draft = replayed && !t.State.Draft.Answering ? t.State.Draft with { UserText = t.State.Draft.Typed } : t.State.Draft,
        };
        t.Append(new LinkOpened(
            connecting.Link,
            t.State.Lineage,
            t.State.Rules.Endpoint,
            resumed,
            replayed ? connecting.Plan.ReplayAfter : null));
        if (t.State.Edge is EdgeState.Attached { Wants.AwaitsSetup: true } && t.State.Links == 1)
        {
            t.Emit(new Effect.ForwardFrame(StripInput: false, StripOutput: false));
        }

        t.Emit(new Effect.SendInputAfter(connecting.Plan.ReplayAfter));
    }

    private static void Lost(Transition t, LinkLoss loss)
    {
        var verdict = LinkEndings.Classify(t.State, loss);
        Record(t, loss, verdict);
        CheckpointStep.Drop(t);
        t.Emit(Effect.HoldInput.Instance);
        CutReply.Close(t);
        t.State = t.State with { Link = LinkState.Parked.Instance, OpenCalls = t.State.OpenCalls.Clear(), InteractionOpen = false };
        if (verdict.Cause == CloseCause.HandleRejected)
        {
            DropHandle(t);
        }

        if (LinkEndings.IsFinal(verdict))
        {
            Exhaust(t, Passed(loss));
        }
        else if (t.State.Edge is EdgeState.None)
        {
            EdgeStep.Park(t, "the link was lost after the client had closed");
        }
        else
        {
            Begin(t);
        }
    }

    private static void Failed(Transition t, LinkState.Connecting connecting, LinkLoss loss)
    {
        var verdict = LinkEndings.Classify(t.State, loss);
        Record(t, loss, verdict);
        if (LinkEndings.IsFinal(verdict))
        {
            Exhaust(t, Passed(loss));
            return;
        }

        if (verdict.Cause == CloseCause.HandleRejected)
        {
            DropHandle(t);
        }

        var plan = verdict.Cause == CloseCause.HandleRejected ? Plan(t.State) : connecting.Plan;
        var wait = Math.Min(t.State.Rules.RetryMs << Math.Min(connecting.Attempt - 1, 10), t.State.Rules.RetryMaxMs);
        if (plan is null)
        {
            Exhaust(t, Unresumable);
            return;
        }

        if (t.Now + wait - connecting.SinceMs > t.State.Rules.RecoveryMs)
        {
            Exhaust(t, new EdgeClose(1011, "Upstream is unavailable; resume the session later."));
            return;
        }

        t.State = t.State with { Link = new LinkState.Recovering(plan, connecting.Attempt + 1, connecting.SinceMs) };
        t.Arm(DeadlineKind.LinkRetry, t.Now + wait);
    }

    private static void DropHandle(Transition t)
    {
        // What only the checkpoint covered is needed again.
        var trim = t.State.PendingTrim;
        t.State = t.State with { Checkpoint = null, PendingTrim = trim.Input > t.State.CommittedTo ? default : trim };
    }

    /// <summary>Rung 5: the client is told, and may come back with its handle.</summary>
    private static void Exhaust(Transition t, EdgeClose close)
    {
        t.State = t.State with { Link = LinkState.Exhausted.Instance };
        t.CloseClient(close);
        EdgeStep.Park(t, close.Reason);
    }

    private static EdgeClose Passed(LinkLoss loss) => loss.Code is { } code
        ? new EdgeClose(code, loss.Reason)
        : new EdgeClose(1011, loss.HttpStatus is { } status ? $"Upstream refused the connection with HTTP {status}." : loss.Reason);

    private static void Record(Transition t, LinkLoss loss, CloseVerdict verdict)
    {
        t.Append(new LinkLost(t.State.Links, Name(loss.Kind), loss.Code, loss.Reason, Name(verdict.Cause)));
        if (!verdict.IsKnown)
        {
            t.Count("unknownClose");
        }
    }

    private static string Name<T>(T value)
        where T : struct, Enum => JsonNamingPolicy.CamelCase.ConvertName(value.ToString());
}
