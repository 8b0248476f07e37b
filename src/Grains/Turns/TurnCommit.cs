using Orchestrator.Grains.Conversations;
using Orchestrator.Grains.Recovery;
using Orchestrator.Journal;

namespace Orchestrator.Grains.Turns;

/// <summary>Turns a draft into a fact. The client hears of the end of a turn only when that fact is durable (P3).</summary>
internal static class TurnCommit
{
    /// <summary>The model reacts: from here on the user's words belong to the next turn.</summary>
    public static void BeginAnswer(Transition t)
    {
        var media = t.State.Media;
        var draft = t.State.Draft;
        var heard = draft.Speech;
        t.State = t.State with
        {
            Draft = draft with
            {
                Answering = true,
                AnsweredTo = Math.Max(media.LastMeaningful, t.State.CommittedTo),
                AskedAt = Math.Max(draft.AskedAt, media.LastVoicedAt),
                Speech = (heard.FirstAt != 0 ? heard.FirstAt : media.FirstVoicedAt, Math.Max(heard.LastAt, media.LastVoicedAt), heard.VoicedMs + media.VoicedMs),
            },
        };
        t.State.Media.ForgetUserTurn();
        t.State.Media.ForgetModelTurn();
    }

    /// <summary><c>turnComplete</c> came.</summary>
    /// <returns>The journal position that the client's <c>turnComplete</c> waits for; 0 when it need not wait.</returns>
    public static long Complete(Transition t)
    {
        if (!t.State.Draft.Answering)
        {
            if (t.State.Turn is not TurnState.AwaitingModel)
            {
                // The end of a turn that never was: upstream closes an interrupt that hit nothing (dossier §3.8, rule 7).
                // What the user is saying meanwhile is still owed an answer.
                t.Count("emptyTurnEnd");
                return 0;
            }

            BeginAnswer(t);
        }

        return Commit(t, t.State.Turn is TurnState.Interrupted ? TurnEnding.Interrupted : TurnEnding.Completed);
    }

    /// <summary>
    /// The turn will not be finished, because nobody listens any more: what was said of it is written down.
    /// A turn that was cut counts as unanswered; no handle needs to cover it.
    /// </summary>
    public static void Abandon(Transition t)
    {
        if (!t.State.Draft.Answering)
        {
            if (t.State.Draft.UserText.Length == 0)
            {
                return;
            }

            BeginAnswer(t);
        }

        Commit(t, Ending(t.State.Turn));
    }

    /// <summary>How a turn ends when its link is gone: a reply that was generated whole is complete, though not yet played.</summary>
    public static TurnEnding Ending(TurnState turn) => turn switch
    {
        TurnState.PlaybackPending => TurnEnding.Completed,
        TurnState.Interrupted => TurnEnding.Interrupted,
        _ => TurnEnding.Cut,
    };

    /// <summary>The reply was cut by a lost link and the user's turn will be replayed: only the model's part is written
    /// down now, the user's words stay owed.</summary>
    public static long Cut(Transition t)
    {
        var draft = t.State.Draft;
        var owed = TurnDraft.Empty with
        {
            UserText = draft.UserText + draft.NextUserText,
            Typed = draft.Typed + draft.NextTyped,
            Speech = draft.Speech,
            AskedAt = Math.Max(draft.AskedAt, draft.NextAskedAt),
        };
        t.State = t.State with { Draft = draft with { UserText = "", Speech = default } };
        var fact = Commit(t, TurnEnding.Cut);
        t.State = t.State with { Draft = owed, Turn = new TurnState.AwaitingModel(t.Now) };
        return fact;
    }

    /// <summary>Commits the draft and opens the next one.</summary>
    public static long Commit(Transition t, TurnEnding ending)
    {
        var state = t.State;
        var draft = state.Draft;
        var media = state.Media;
        var answeredTo = ending == TurnEnding.Cut ? state.CommittedTo : draft.AnsweredTo;
        var fact = t.Append(
            new TurnCommitted(
                state.Turns + 1,
                state.CommittedTo + 1,
                answeredTo,
                media.LastOutput,
                User(draft),
                Model(draft, media, t.Now, ending),
                ending,
                Latency(draft, media),
                state.Links,
                draft.Usage)
            { InteractionOpen = state.InteractionOpen },
            Durability.Flushed);
        t.State = t.State with
        {
            Turns = state.Turns + 1,
            History = SpokenText.Add(state.History, state.Turns + 1, draft.UserText, draft.ModelText),
            Settled = ending == TurnEnding.Cut ? state.Settled : state.Settled + 1,
            CommittedTo = answeredTo,
            Draft = TurnDraft.Empty with { UserText = draft.NextUserText, Typed = draft.NextTyped, AskedAt = draft.NextAskedAt },
            AwaitedCommit = fact,
            PendingTrim = ending == TurnEnding.Cut ? state.PendingTrim : (fact, answeredTo),
        };
        t.State.Media.ForgetModelTurn();
        t.State = t.State with { Turn = Next(t.State, t.Now) };
        t.Arm(DeadlineKind.Commit, t.Now + state.Rules.CommitMs);
        return fact;
    }

    /// <summary>Where the exchange stands when a turn has ended: the user may be speaking, or have asked already.</summary>
    private static TurnState Next(ConversationState state, long now)
    {
        if (state.InteractionOpen)
        {
            return new TurnState.AwaitingModel(now);
        }

        if (!state.OpenCalls.IsEmpty)
        {
            return TurnState.ToolPending.Instance;
        }

        if (state.Media.LastMeaningful <= state.CommittedTo)
        {
            return TurnState.Idle.Instance;
        }

        var stillSpeaking = state.Rules.ManualActivity ? state.ActivityOpen : state.Media.QuietMs < state.Rules.SilenceMs;
        return stillSpeaking ? TurnState.UserSpeaking.Instance : new TurnState.AwaitingModel(now);
    }

    /// <summary>From the end of the question to the first audio; unknown when the model spoke unprompted or not at all.</summary>
    private static long? Latency(TurnDraft draft, in MediaCounters media) =>
        draft.AskedAt != 0 && media.FirstSpokenAt >= draft.AskedAt ? media.FirstSpokenAt - draft.AskedAt : null;

    private static Utterance? User(TurnDraft draft)
    {
        var (first, last, voiced) = draft.Speech;
        if (draft.UserText.Length == 0 && voiced == 0)
        {
            return null;
        }

        return new Utterance(draft.UserText, first != 0 ? first : draft.AskedAt, last != 0 ? last : draft.AskedAt, voiced);
    }

    private static Utterance? Model(TurnDraft draft, in MediaCounters media, long now, TurnEnding ending)
    {
        if (draft.ModelText.Length == 0 && media.SpokenMs == 0)
        {
            return null;
        }

        var start = media.FirstSpokenAt != 0 ? media.FirstSpokenAt : now;
        // Audio arrives faster than it is heard: a finished reply ends when its playback does.
        var heard = start + media.SpokenMs;
        return new Utterance(draft.ModelText, start, ending == TurnEnding.Completed ? heard : Math.Min(heard, now), media.SpokenMs);
    }
}
