using Orchestrator.Grains.Recovery;
using Orchestrator.Grains.Tools;
using Orchestrator.Grains.Turns;

namespace Orchestrator.Grains.Conversations;

/// <summary>
/// The conversation's only decision maker: <c>(state, input, now) → (state, effects)</c>. Synchronous, total,
/// without I/O, clock or randomness, so that no interleaving can be observed half-way.
/// </summary>
public static class ConversationStep
{
    /// <param name="state">The state before; not used afterwards.</param>
    /// <param name="input">What happened.</param>
    /// <param name="nowMs">Milliseconds since the conversation was opened.</param>
    /// <param name="effects">Receives what is to be done, in order.</param>
    /// <returns>The state after.</returns>
    public static ConversationState Apply(ConversationState state, ConversationInput input, long nowMs, List<Effect> effects)
    {
        var t = new Transition(state, nowMs, effects);
        if (state.Ended)
        {
            AfterEnd(t, input);
            return t.State;
        }

        switch (input)
        {
            case ConversationInput.ClientAttached attached: EdgeStep.Attach(t, attached); break;
            case ConversationInput.ClientDetached detached: EdgeStep.Detach(t, detached); break;
            case ConversationInput.EndRequested end: EdgeStep.End(t, end.Reason, end.By); break;
            case ConversationInput.DrainRequested drain: MoveStep.Requested(t, drain.AtOnce); break;
            case ConversationInput.ReleaseRequested release: MoveStep.Released(t, release.ClientRemembers); break;
            case ConversationInput.StopRequested: EdgeStep.Stop(t); break;
            case ConversationInput.Isolated isolated: EdgeStep.Isolated(t, isolated.AfterMs); break;
            case ConversationInput.ClientSent sent: UserTurn.Sent(t, sent); break;
            case ConversationInput.ClientEchoedHistory: UserTurn.Echoed(t); break;
            case ConversationInput.ClientAnsweredTools answers: ToolStep.Answered(t, answers); break;
            case ConversationInput.InputEvicted evicted: UserTurn.Evicted(t, evicted); break;
            case ConversationInput.LinkMessage message: LinkStep.Message(t, message); break;
            case ConversationInput.LinkClosed closed: LinkStep.Closed(t, closed); break;
            case ConversationInput.ReplayFlushed flushed: LinkStep.ReplayFlushed(t, flushed); break;
            case ConversationInput.JournalCommitted committed: JournalStep.Committed(t, committed.Position); break;
            case ConversationInput.OwnershipLost: JournalStep.OwnershipLost(t); break;
            case ConversationInput.DeadlineElapsed deadline: Elapsed(t, deadline); break;
            default: t.Count("unknownInput"); break;
        }

        StallStep.Watch(t, state, input);
        InteractionGuard.Watch(t, input);
        InputDuringCall.Watch(t);
        MoveStep.Watch(t);
        return t.State;
    }

    private static void Elapsed(Transition t, ConversationInput.DeadlineElapsed deadline)
    {
        if (!t.State.Armed.TryGetValue(deadline.Kind, out var armed) || armed != deadline.Generation)
        {
            t.Count("staleDeadline");
            return;
        }

        t.State = t.State with { Armed = t.State.Armed.Remove(deadline.Kind) };
        switch (deadline.Kind)
        {
            case DeadlineKind.LinkSetup: LinkStep.SetupOverdue(t); break;
            case DeadlineKind.LinkRetry: LinkStep.Retry(t); break;
            case DeadlineKind.LinkHealthy: LinkStep.Healthy(t); break;
            case DeadlineKind.LinkClosing: RotationStep.CloseOverdue(t); break;
            case DeadlineKind.Rotate: RotationStep.Elapsed(t); break;
            case DeadlineKind.SeedReply: LinkStep.SeedReplyOverdue(t); break;
            case DeadlineKind.CheckpointHold: CheckpointStep.Overdue(t); break;
            case DeadlineKind.Commit: JournalStep.CommitOverdue(t); break;
            case DeadlineKind.Grace: EdgeStep.GraceOver(t); break;
            case DeadlineKind.Stall: StallStep.Elapsed(t); break;
            case DeadlineKind.Swallowed: SpuriousInterruption.Elapsed(t); break;
            case DeadlineKind.CallHold: InputDuringCall.Elapsed(t); break;
            case DeadlineKind.Interaction: InteractionGuard.Elapsed(t); break;
            case DeadlineKind.ToolNotes: ToolNotes.Overdue(t); break;
            default: t.Count("unknownDeadline"); break;
        }
    }

    /// <summary>What is still being written becomes durable after the end, too; anything else came too late.</summary>
    private static void AfterEnd(Transition t, ConversationInput input)
    {
        if (input is not ConversationInput.JournalCommitted)
        {
            t.Count("afterEnd");
        }
    }
}
