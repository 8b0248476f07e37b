using System.Text.Json;
using Gemini.Live.Closes;
using Gemini.Live.Links;
using Gemini.Live.Scanning;
using Orchestrator.Grains.Conversations;
using Orchestrator.Grains.Tools;
using Orchestrator.Grains.Turns;
using Orchestrator.Journal;

namespace Orchestrator.Grains.Recovery;

/// <summary>The link region: connections are opened, become live, say something and are closed. How they end is <see cref="LossStep"/>.</summary>
internal static class LinkStep
{
    /// <summary>A client is there: make sure that a connection is, or is under way.</summary>
    public static void EnsureOpen(Transition t)
    {
        if (t.State.Link is LinkState.Parked or LinkState.Exhausted)
        {
            t.State = t.State with { Episode = t.State.Episode ?? new RecoveryEpisode(RecoveryKind.Opening, t.State.Links, t.Now, CloseCause.Clean, Code: null) };
            Open(t, Ladder.First(t.State));
        }
    }

    public static void Message(Transition t, ConversationInput.LinkMessage message)
    {
        switch (t.State.Link)
        {
            case LinkState.Live live when live.Link == message.Link:
                Heard(t, live, message.Notice);
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
                LossStep.Lost(t, closed.Loss);
                break;
            case LinkState.Connecting connecting when connecting.Link == closed.Link:
                t.Disarm(DeadlineKind.LinkSetup);
                LossStep.Failed(t, connecting, closed.Loss);
                break;
            case LinkState.Rotating rotating when rotating.Link == closed.Link:
                RotationStep.OldClosed(t, rotating);
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
            LossStep.Failed(t, connecting, new LinkLoss(LinkLossKind.DialFailed, Code: null, "no setupComplete in time"));
        }
    }

    public static void Retry(Transition t)
    {
        if (t.State.Link is LinkState.Recovering recovering)
        {
            Open(t, recovering.Plan);
        }
    }

    /// <summary>Nobody needs the link any more.</summary>
    public static void Close(Transition t)
    {
        CheckpointStep.Drop(t);
        foreach (var kind in (ReadOnlySpan<DeadlineKind>)[DeadlineKind.LinkSetup, DeadlineKind.LinkRetry, DeadlineKind.LinkHealthy, DeadlineKind.LinkClosing, DeadlineKind.Rotate, DeadlineKind.SeedReply])
        {
            t.Disarm(kind);
        }

        if (t.State.Link is LinkState.Live or LinkState.Connecting)
        {
            t.Append(new LinkLost(t.State.Links, Name(LinkLossKind.ClosedByUs), Code: null, "", Name(CloseCause.Clean)));
            t.Emit(new Effect.CloseLink(t.State.Links));
            t.State = t.State with { OldSocketMayBeOpen = true };
        }

        t.State = t.State with { Link = LinkState.Parked.Instance, InteractionOpen = false, Episode = null };
    }

    public static void Open(Transition t, ResumePlan plan)
    {
        var link = t.State.Links + 1;
        t.State = t.State with
        {
            Links = link,
            Endpoint = plan.Endpoint,
            Link = new LinkState.Connecting(link, plan),
            Episode = t.State.Episode is { } episode ? episode with { Tries = episode.Tries + 1 } : null,
        };
        t.Arm(DeadlineKind.LinkSetup, t.Now + t.State.Rules.LinkSetupMs);
        t.Emit(new Effect.OpenLink(link, plan));
    }

    /// <summary>Everything that was in the log when the link took over has been handed to it.</summary>
    public static void ReplayFlushed(Transition t, ConversationInput.ReplayFlushed flushed)
    {
        if (t.State.Link is LinkState.Live live && live.Link == flushed.Link)
        {
            // Who takes it at no more than twice real time is through with it then.
            t.State = t.State with { Link = live with { Flushed = true, BehindUntil = t.Now + flushed.AudioMs } };
            RecoveryRecord.Flushed(t, live, flushed.AudioMs);
            ToolNotes.Tell(t);
            StallStep.Flushed(t, live);
        }
    }

    /// <summary>The model does not answer its seed, or not to the end: nothing waits for that any longer.</summary>
    public static void SeedReplyOverdue(Transition t)
    {
        if (t.State.Link is not LinkState.Live { SeedReply: not SeedReply.None } live)
        {
            return;
        }

        t.State = t.State with { Link = live with { SeedReply = SeedReply.None } };
        if (live.SeedReply == SeedReply.Awaited)
        {
            t.Count("seedUnanswered");
            SendInput(t, live.Plan);
        }
        else if (live.SeedReply == SeedReply.Swallowed)
        {
            // It stopped in the middle. Whatever the user is owed is the watchdog's matter now.
            t.Count("seedReplyStalled");
        }

        ToolNotes.Tell(t);
    }

    /// <summary>A link has lived for a while: with progress, or with nobody waiting for any, it is a good one.</summary>
    public static void Healthy(Transition t)
    {
        if (t.State.Link is LinkState.Live live && (live.Answered || t.State.IsQuiet))
        {
            RecoveryRecord.Close(t);
        }
    }

    private static void Ready(Transition t, LinkState.Connecting connecting)
    {
        t.Disarm(DeadlineKind.LinkSetup);
        var plan = connecting.Plan;
        var resumed = plan is ResumePlan.Resume;
        var replayed = connecting.Link > 1 && t.State.Media.LastInput > plan.ReplayAfter;
        var comesAgain = replayed || Takeover.InputIsUnderWay(t.State, connecting.Link);
        t.State = t.State with
        {
            Link = new LinkState.Live(connecting.Link, plan) { HandlesOwed = [t.Now] },
            Lineage = resumed ? t.State.Lineage : t.State.Lineage + 1,
            // A session of its own knows none of the old handles.
            Checkpoint = resumed ? t.State.Checkpoint : null,
            PendingTrim = resumed || t.State.PendingTrim.Input <= t.State.CommittedTo ? t.State.PendingTrim : default,
            OldSocketMayBeOpen = false,
            // Who was reminded is gone, unless it is for that that it was replaced.
            Stall = t.State.Episode is { Kind: RecoveryKind.Stall } ? t.State.Stall : t.State.Stall with { Nudged = false, GivenUp = false },
            // What the last connection still owed of a transcript will not come.
            Draft = (comesAgain && !t.State.Draft.Answering ? t.State.Draft.Replayed() : t.State.Draft) with { DueAgain = "" },
        };
        t.Append(new LinkOpened(connecting.Link, t.State.Lineage, plan.Endpoint, resumed, replayed ? plan.ReplayAfter : null)
        {
            Seeded = plan is ResumePlan.Seed,
        });
        if (t.State.Edge is EdgeState.Attached { Wants.AwaitsSetup: true } && t.State.Links == 1)
        {
            t.Emit(new Effect.ForwardFrame(StripInput: false, StripOutput: false));
        }

        t.Arm(DeadlineKind.LinkHealthy, t.Now + t.State.Rules.Policy.HealthyMs);
        RotationStep.Plan(t);
        Begin(t, plan);
    }

    private static void Begin(Transition t, ResumePlan plan)
    {
        if (plan is ResumePlan.Seed seed)
        {
            var told = Seed.Compose(t.State, seed.BudgetTokens);
            RecoveryRecord.Rebilled(t, Seed.Tokens(told));
            t.Emit(new Effect.SendUpstream(GatewayFrames.History(told)));
            t.State = t.State with { Tools = t.State.Tools.Seeded(t.State.Links) };
            if (t.State.Rules.Model.SeedEndsWithUser)
            {
                t.State = t.State with { Link = ((LinkState.Live)t.State.Link) with { SeedReply = SeedReply.Awaited } };
                t.Arm(DeadlineKind.SeedReply, t.Now + t.State.Rules.Policy.SeedReplyMs);
                return;
            }
        }

        SendInput(t, plan);
    }

    private static void SendInput(Transition t, ResumePlan plan)
    {
        InputDuringCall.Before(t);
        t.Emit(new Effect.SendInputAfter(plan.ReplayAfter));
    }

    private static void Heard(Transition t, LinkState.Live live, ServerNotice notice)
    {
        Take(t, live, notice);
        if (notice.Has(ServerParts.GoAway))
        {
            RotationStep.GoAway(t, notice.TimeLeftMs);
        }
    }

    private static void Take(Transition t, LinkState.Live live, ServerNotice notice)
    {
        if (live.SeedReply == SeedReply.Interrupted && HasGoneOn(t.State, live) && notice.Has(ModelTurn.ModelOutput))
        {
            // The user has asked something since; to keep back the answer would be worse than to pass on the rest of this.
            live = live with { SeedReply = SeedReply.None };
            t.State = t.State with { Link = live };
            t.Disarm(DeadlineKind.SeedReply);
        }

        if (live.SeedReply != SeedReply.None)
        {
            SwallowSeedReply(t, notice);
            return;
        }

        if (!live.Answered && notice.Has(ModelTurn.ModelOutput))
        {
            t.State = t.State with { Link = ((LinkState.Live)t.State.Link) with { Answered = true } };
            RecoveryRecord.Answered(t);
        }

        ModelTurn.Received(t, (LinkState.Live)t.State.Link, notice);
    }

    /// <summary>Nobody hears what a model says to its own history. Once it has begun, what the user says interrupts it.</summary>
    private static void SwallowSeedReply(Transition t, ServerNotice notice)
    {
        var live = (LinkState.Live)t.State.Link;
        var begins = live.SeedReply == SeedReply.Awaited && notice.Has(ModelTurn.ModelOutput | ServerParts.TurnComplete);
        // An interruption that nobody has caused ends nothing, if the reply goes on.
        var nobodys = live.SeedReply == SeedReply.Swallowed && notice.Has(ServerParts.Interrupted) && !HasGoneOn(t.State, live);
        var goesOn = live.SeedReply == SeedReply.Interrupted && notice.Has(ModelTurn.ModelOutput);
        var ends = notice.Has(ServerParts.TurnComplete) && !nobodys && (live.SeedReply != SeedReply.Interrupted || HasGoneOn(t.State, live));
        var reply = ends ? SeedReply.None : nobodys ? SeedReply.Interrupted : begins || goesOn ? SeedReply.Swallowed : live.SeedReply;
        t.State = t.State with { Link = live with { SeedReply = reply } };
        if (nobodys)
        {
            t.Arm(DeadlineKind.SeedReply, t.Now + SpuriousInterruption.GoesOnMs);
        }
        else if (ends || (reply == SeedReply.Swallowed && notice.Has(ServerParts.GenerationComplete)))
        {
            // The end of the turn comes when all of it would have been heard.
            t.Disarm(DeadlineKind.SeedReply);
        }
        else if (reply == SeedReply.Swallowed && notice.Has(ModelTurn.ModelOutput))
        {
            t.Arm(DeadlineKind.SeedReply, t.Now + t.State.Rules.Policy.SeedReplyMs);
        }

        ModelTurn.MeterUnheard(t, notice);
        if (begins)
        {
            SendInput(t, live.Plan);
        }

        ToolNotes.Tell(t);
    }

    /// <summary>The user has said something that the seed does not tell.</summary>
    private static bool HasGoneOn(ConversationState state, LinkState.Live live) => state.Media.LastMeaningful > live.Plan.ReplayAfter;

    internal static string Name<T>(T value)
        where T : struct, Enum => JsonNamingPolicy.CamelCase.ConvertName(value.ToString());
}
