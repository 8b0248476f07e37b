using Gemini.Live.Closes;
using Gemini.Live.Links;
using Orchestrator.Grains.Conversations;
using Orchestrator.Grains.Turns;
using Orchestrator.Journal;

namespace Orchestrator.Grains.Recovery;

/// <summary>
/// Planned replacement of a link, because upstream announced its end (goAway) or because of its age. It waits for a
/// quiet moment with a durable checkpoint; the next socket is dialled meanwhile, and the old one is closed before the next
/// presents the handle. What cannot wait is rotated by force while the model does not speak. All of it by timers: after
/// goAway the server may say nothing more.
/// </summary>
internal static class RotationStep
{
    private const long EndGraceMs = 500;

    /// <summary>A link has become live: its age alone will call for a change.</summary>
    public static void Plan(Transition t)
    {
        var policy = t.State.Rules.Policy;
        var wanted = t.Now + policy.RotateAgeMs;
        Set(t, new Rotation(wanted, wanted + (policy.RotateLeadMs / 2), EndsAt: null));
    }

    public static void GoAway(Transition t, long timeLeftMs)
    {
        var policy = t.State.Rules.Policy;
        var ends = t.Now + Math.Max(0, timeLeftMs);
        if (t.State.Link is not LinkState.Live live || live.Rotation?.EndsAt <= ends)
        {
            return;
        }

        var due = ends - Math.Min(policy.RotateMarginMs, timeLeftMs / 2);
        Set(t, new Rotation(Math.Max(t.Now, ends - policy.RotateLeadMs), due, ends));
        Consider(t);
    }

    /// <summary>The contents of a resumed session turned out to be gone: the next quiet moment repairs it.</summary>
    public static void Repair(Transition t) => t.State = t.State with { RepairDue = true };

    public static void Elapsed(Transition t)
    {
        if (t.State.Link is LinkState.Live { Rotation: { } rotation })
        {
            Arm(t, rotation);
            Consider(t);
        }
    }

    /// <summary>Whoever changes what a rotation waits for asks here whether it may begin.</summary>
    public static void Consider(Transition t)
    {
        if (t.State.Link is not LinkState.Live { Rotation: { } rotation } live)
        {
            return;
        }

        if (rotation.EndsAt is { } ends && t.Now >= ends + EndGraceMs)
        {
            // Announced, and nothing came of it: this silence is the end.
            t.Emit(new Effect.CloseLink(live.Link));
            LossStep.Lost(t, new LinkLoss(LinkLossKind.CloseFrame, 1011, "Deadline expired before operation could complete."));
            return;
        }

        if (live.SeedReply != SeedReply.None)
        {
            return;
        }

        var quiet = t.State.IsQuiet && !t.State.AwaitsTools && !t.State.InteractionOpen;
        if (t.State.RepairDue && quiet)
        {
            Begin(t, live, Ladder.Anew(t.State, t.State.Endpoint, shortened: 0), RecoveryKind.ContextLost);
            return;
        }

        if (t.Now < rotation.WantedAt)
        {
            return;
        }

        var resumable = Ladder.First(t.State) is ResumePlan.Resume && t.State.PendingTrim.Fact == 0;
        var due = t.Now >= rotation.DueAt;
        if (quiet && (resumable || due))
        {
            Begin(t, live, Ladder.First(t.State), RecoveryKind.Rotation);
        }
        else if (due && t.State.Turn is TurnState.UserSpeaking or TurnState.AwaitingModel or TurnState.Idle && !t.State.Draft.Answering)
        {
            Begin(t, live, Ladder.First(t.State), RecoveryKind.Rotation);
        }
        else if (t.State.Turn is TurnState.PlaybackPending or TurnState.Idle && !t.State.LinkPrepared)
        {
            t.State = t.State with { LinkPrepared = true };
            t.Emit(new Effect.PrepareLink(t.State.Endpoint));
        }
    }

    /// <summary>The old socket is closed: the session is free to be resumed.</summary>
    public static void OldClosed(Transition t, LinkState.Rotating rotating)
    {
        t.Disarm(DeadlineKind.LinkClosing);
        LinkStep.Open(t, rotating.Next);
    }

    public static void CloseOverdue(Transition t)
    {
        if (t.State.Link is LinkState.Rotating rotating)
        {
            t.Count("closeNotAnswered");
            LinkStep.Open(t, rotating.Next);
        }
    }

    /// <summary>Closes the connection and opens the next one, which presents the handle when the old one is closed.</summary>
    public static void Begin(Transition t, LinkState.Live live, ResumePlan next, RecoveryKind kind)
    {
        t.Append(new LinkLost(live.Link, LinkStep.Name(LinkLossKind.ClosedByUs), Code: null, LinkStep.Name(kind), LinkStep.Name(CloseCause.Clean)));
        CheckpointStep.Drop(t);
        t.Disarm(DeadlineKind.Rotate);
        t.Disarm(DeadlineKind.LinkHealthy);
        RecoveryRecord.Close(t);
        t.State = t.State with
        {
            Link = new LinkState.Rotating(live.Link, next),
            Episode = new RecoveryEpisode(kind, live.Link, t.Now, CloseCause.Clean, Code: null),
            OldSocketMayBeOpen = true,
            RepairDue = false,
            LinkPrepared = false,
        };
        t.Emit(new Effect.PrepareLink(next.Endpoint));
        t.Emit(new Effect.CloseLink(live.Link));
        t.Arm(DeadlineKind.LinkClosing, t.Now + t.State.Rules.Policy.CloseEchoMs);
    }

    private static void Set(Transition t, Rotation rotation)
    {
        t.State = t.State with { Link = ((LinkState.Live)t.State.Link) with { Rotation = rotation }, LinkPrepared = false };
        Arm(t, rotation);
    }

    private static void Arm(Transition t, Rotation rotation)
    {
        var at = t.Now < rotation.WantedAt ? rotation.WantedAt
            : t.Now < rotation.DueAt ? rotation.DueAt
            : rotation.EndsAt is { } ends && t.Now < ends + EndGraceMs ? ends + EndGraceMs
            : 0;
        if (at > 0)
        {
            t.Arm(DeadlineKind.Rotate, at);
        }
    }
}
