using Orchestrator.Attach;
using Orchestrator.Grains.Conversations;
using Orchestrator.Grains.Turns;
using Orchestrator.Journal;

namespace Orchestrator.Grains.Recovery;

/// <summary>
/// Closes the turn that a lost link left open, so that the client's session stays well-formed: a reply that had
/// been generated whole is simply complete; one that was really cut is ended with <c>interrupted</c>.
/// </summary>
internal static class CutReply
{
    public static void Close(Transition t)
    {
        if (!t.State.Draft.Answering)
        {
            return;
        }

        var ending = TurnCommit.Ending(t.State.Turn);
        if (ending == TurnEnding.Cut && t.State.Media.SpokenMs == 0 && t.State.Draft.ModelText.Length == 0)
        {
            // Nothing of it has reached the client: it begins anew, and nobody notices.
            TurnCommit.Restart(t);
            return;
        }

        if (ending == TurnEnding.Cut)
        {
            t.Emit(Effect.DiscardAudio.Instance);
            t.Emit(new Effect.SendToClient(GatewayFrames.Interrupted, OutputTraits.None, AfterFact: 0));
        }

        var fact = ending == TurnEnding.Cut ? TurnCommit.Cut(t) : TurnCommit.Commit(t, ending);
        t.Emit(new Effect.SendToClient(GatewayFrames.TurnComplete, OutputTraits.TurnComplete, fact));
    }
}
