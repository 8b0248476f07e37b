using Orchestrator.Attach;
using Orchestrator.Grains.Conversations;
using Orchestrator.Grains.Recovery;

namespace Orchestrator.Grains.Turns;

/// <summary>
/// Extended thinking ends a request with <c>interactionStatus</c> IDLE (dossier §6.3). When that is lost, nothing would ever end
/// it: a connection that has said nothing at all for a while after IN_PROGRESS is idle.
/// </summary>
internal static class InteractionGuard
{
    /// <summary>After every input: any frame of the connection is a sign that the interaction goes on.</summary>
    public static void Watch(Transition t, ConversationInput input)
    {
        var waits = t.State is { InteractionOpen: true, Link: LinkState.Live, Turn: TurnState.AwaitingModel } && !t.State.Tools.IsOpenOn(t.State.Links);
        if (!waits)
        {
            t.Disarm(DeadlineKind.Interaction);
        }
        else if (input is ConversationInput.LinkMessage || !t.State.Armed.ContainsKey(DeadlineKind.Interaction))
        {
            t.Arm(DeadlineKind.Interaction, t.Now + t.State.Rules.Policy.InteractionMs);
        }
    }

    public static void Elapsed(Transition t)
    {
        if (!t.State.InteractionOpen)
        {
            return;
        }

        t.Count("interactionNotEnded");
        t.State = t.State with { InteractionOpen = false };
        if (t.State.Draft is { Answering: false, UserText: "" } && t.State.Media.VoicedMs == 0)
        {
            // What was said counts as the answer; whoever waits for IDLE need not any longer.
            TurnCommit.Finish(t, GatewayFrames.InteractionOver);
        }
    }
}
