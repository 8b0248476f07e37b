using Gemini.Live.Scanning;
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

        var wasAskedFor = t.State.Draft.IsAnnounced && t.State.Draft.AnsweredTo <= t.State.CommittedTo;
        var fact = ending != TurnEnding.Cut ? TurnCommit.Commit(t, ending)
            : MayGoOn(t.State) ? TurnCommit.CutOff(t)
            : TurnCommit.Cut(t);
        // Of an interaction that is not over more is to come, and be it all of it once more.
        var end = ending != TurnEnding.Completed ? GatewayFrames.TurnComplete
            : t.State.InteractionOpen ? GatewayFrames.TurnOfMany
            : EndWhole(t, wasAskedFor);
        t.Emit(new Effect.SendToClient(end, OutputTraits.TurnComplete, fact));
    }

    /// <summary>
    /// A reply was generated whole and is settled, but its end had not come. A model that says when its work is done has not said so:
    /// this may only announce the answer ("One moment, please."). Nobody is to hear an answer twice; so the next connection is
    /// asked to go on, once.
    /// </summary>
    /// <returns>The end for the client.</returns>
    private static ReadOnlyMemory<byte> EndWhole(Transition t, bool wasAskedFor)
    {
        if (!t.State.Rules.Model.StatusEndsWork)
        {
            return GatewayFrames.TurnComplete;
        }

        if (wasAskedFor)
        {
            return GatewayFrames.InteractionOver;
        }

        t.State = t.State with
        {
            Draft = t.State.Draft with { IsOwed = true, IsAnnounced = true },
            Turn = t.State.Turn is TurnState.Idle ? new TurnState.AwaitingModel(t.Now) : t.State.Turn,
        };
        return GatewayFrames.TurnOfMany;
    }

    /// <summary>Policy <see cref="CutReplies.Continue"/>, and it is known what was heard. A request that calls functions is begun anew.</summary>
    private static bool MayGoOn(ConversationState state) =>
        state.Rules.Policy.CutReplies == CutReplies.Continue && !state.InteractionOpen
        && state.Draft.ModelText.Length > 0 && (state.Draft.Parts & ServerParts.ToolCall) == 0;
}
