using Gemini.Live.Scanning;
using Orchestrator.Grains.Conversations;
using Orchestrator.Grains.Recovery;

namespace Orchestrator.Grains.Turns;

/// <summary>How far a reply had come: what is the same later has not gone on.</summary>
public sealed record ReplyMark(long SpokenMs, int TextLength);

/// <summary>
/// <c>interrupted</c> and <c>turnComplete</c> that nobody has caused, or that hit nothing (dossier §3.8, rule 7): they end
/// here, and the reply goes on. What our own notes interrupt is of this kind, too.
/// </summary>
internal static class SpuriousInterruption
{
    /// <summary>A reply that does not go on for so long will not.</summary>
    public const long GoesOnMs = 1_500;

    /// <summary>What the user said before the first of the reply may be what interrupts it, if both crossed on the way.</summary>
    public const long CrossingMs = 600;

    /// <summary>The same while upstream is still behind with a replay.</summary>
    private const long LongCrossingMs = 2_000;

    private const ServerParts Content = ModelTurn.ModelOutput | ServerParts.InputTranscription;

    /// <summary><c>interrupted</c> came.</summary>
    /// <returns>True when it ends here.</returns>
    public static bool Takes(Transition t, ServerNotice notice)
    {
        var given = t.State.Draft.Answering && (t.State.Media.SpokenMs > 0 || t.State.Draft.ModelText.Length > 0 || (t.State.Draft.Parts & ~ServerParts.ModelThought) != 0);
        if (notice.Has(Content) || (given && IsCaused(t.State, t.Now)))
        {
            return false;
        }

        t.Count("spuriousInterruption");
        if (t.State.Draft.Answering && !given)
        {
            TurnCommit.Reopen(t);
        }

        t.State = t.State with { Draft = t.State.Draft with { Swallowing = Mark(t.State) } };
        return true;
    }

    /// <summary><c>turnComplete</c> came.</summary>
    /// <returns>True when it belongs to an interruption that was swallowed, or ends a turn that never was.</returns>
    public static bool TakesEnd(Transition t, ServerNotice notice)
    {
        var draft = t.State.Draft;
        if (draft.Swallowing == Mark(t.State) && !notice.Has(ServerParts.GenerationComplete))
        {
            CheckpointStep.TurnEnded(t);
            t.State = t.State with { Draft = draft with { Swallowing = null, Swallowed = draft.Answering ? Mark(t.State) : null } };
            if (draft.Answering)
            {
                // A reply that was generated whole is still being played, and its own end is still to come.
                var played = t.State.Turn is TurnState.PlaybackPending ? t.State.Media.FirstSpokenAt + t.State.Media.SpokenMs : 0;
                t.Arm(DeadlineKind.Swallowed, Math.Max(t.Now, played) + GoesOnMs);
            }

            return true;
        }

        // Under automatic activity detection it is upstream that says when the user has finished; noise may pass for a voice here.
        if (draft.Answering || t.State.Turn is TurnState.AwaitingModel
            || (t.State.Turn is TurnState.UserSpeaking && !t.State.Rules.ManualActivity && draft.UserText.Length > 0))
        {
            return false;
        }

        // What the user is saying meanwhile is still owed an answer.
        t.Count("emptyTurnEnd");
        CheckpointStep.TurnEnded(t);
        return true;
    }

    /// <summary>Time in which the reply should have gone on.</summary>
    public static void Elapsed(Transition t)
    {
        if (t.State.Draft.Swallowed == Mark(t.State) && !t.State.AwaitsTools && t.State.Link is LinkState.Live)
        {
            t.Count("replyDidNotGoOn");
            TurnCommit.Finish(t);
        }
    }

    private static ReplyMark Mark(ConversationState state) => new(state.Media.SpokenMs, state.Draft.ModelText.Length);

    private static bool IsCaused(ConversationState state, long now) =>
        UserTurn.UserSpeaksAgain(state)
        || state.Media.LastMeaningful > state.Draft.AnsweredTo
        || state.Draft.NextUserText.Length > 0
        || (state.Draft.Crosses && state.Link is LinkState.Live live
            && now - live.AnsweringSince <= (live.AnsweringSince <= live.BehindUntil ? LongCrossingMs : CrossingMs));
}
