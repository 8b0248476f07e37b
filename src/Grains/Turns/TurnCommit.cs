using System.Collections.Immutable;
using Orchestrator.Attach;
using Orchestrator.Grains.Conversations;
using Orchestrator.Grains.Recovery;
using Orchestrator.Grains.Tools;
using Orchestrator.Journal;

namespace Orchestrator.Grains.Turns;

/// <summary>Turns a draft into a fact. The client hears of the end of a turn only when that fact is durable (P3).</summary>
internal static class TurnCommit
{
    /// <summary>The model reacts: from here on the user's words belong to the next turn.</summary>
    public static void BeginAnswer(Transition t)
    {
        var media = t.State.Media;
        var answeredTo = Math.Max(AnsweredInput.ByAReplyThatBegins(t), t.State.CommittedTo);
        var draft = TypedText.Part(t.State.Draft, answeredTo) with
        {
            Answering = true,
            Crosses = AnsweredInput.MayInterrupt(t),
            AnsweredTo = answeredTo,
            HeardMs = AnsweredInput.CertainlyHeardMs(t.State),
        };
        if (answeredTo > t.State.CommittedTo || media.LastMeaningful <= answeredTo)
        {
            var heard = draft.Speech;
            draft = draft with
            {
                AskedAt = Math.Max(draft.AskedAt, media.LastVoicedAt),
                Speech = (heard.FirstAt != 0 ? heard.FirstAt : media.FirstVoicedAt, Math.Max(heard.LastAt, media.LastVoicedAt), heard.VoicedMs + media.VoicedMs),
            };
            t.State.Media.ForgetUserTurn();
        }

        t.State = t.State with { Draft = draft };
        if (t.State.Link is LinkState.Live live)
        {
            t.State = t.State with { Link = live with { AnsweringSince = t.Now } };
        }

        t.State.Media.ForgetModelTurn();
    }

    /// <summary><c>turnComplete</c> came.</summary>
    /// <returns>The journal position that the client's <c>turnComplete</c> waits for.</returns>
    public static long Complete(Transition t)
    {
        if (!t.State.Draft.Answering)
        {
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
        var owed = Owed(t.State);
        t.State = t.State with { Draft = draft with { UserText = "", Speech = default } };
        var fact = Commit(t, TurnEnding.Cut);
        t.State = t.State with { Draft = owed, Turn = new TurnState.AwaitingModel(t.Now) };
        return fact;
    }

    /// <summary>The reply was cut by a lost link, and the next one is asked for the rest of it: the turn is settled by what was heard.</summary>
    public static long CutOff(Transition t)
    {
        var fact = Commit(t, TurnEnding.Cut, continues: true);
        if (t.State.Turn is TurnState.Idle)
        {
            t.State = t.State with { Draft = t.State.Draft with { IsOwed = true, Continues = true }, Turn = new TurnState.AwaitingModel(t.Now) };
        }

        return fact;
    }

    /// <summary>An answer of which nobody has heard anything is as good as not begun.</summary>
    public static void Restart(Transition t) => t.State = t.State with { Draft = Owed(t.State), Turn = new TurnState.AwaitingModel(t.Now) };

    /// <summary>The same while the connection stays; the user may be speaking.</summary>
    public static void Reopen(Transition t)
    {
        if (t.State.Draft.Answering)
        {
            Restart(t);
        }

        if (t.State.Media.LastMeaningful > t.State.CommittedTo)
        {
            t.State = t.State with { Turn = Waiting(t.State, t.Now) };
        }
    }

    /// <summary>Upstream will not end the turn, or should not have: we do, towards the client.</summary>
    public static void Finish(Transition t, ReadOnlyMemory<byte>? end = null)
    {
        if (!t.State.Draft.Answering)
        {
            BeginAnswer(t);
        }

        var fact = Commit(t, TurnEnding.Completed);
        t.Count("checkpointNotAtBoundary");
        t.Emit(new Effect.SendToClient(end ?? GatewayFrames.TurnComplete, OutputTraits.TurnComplete, fact));
    }

    /// <summary>The user's side of a turn that is to be answered once more.</summary>
    private static TurnDraft Owed(ConversationState state)
    {
        var draft = state.Draft;
        return TurnDraft.Empty with
        {
            // Transcripts bring their spaces along.
            UserText = draft.NextPieces.Count > 0 ? UserTurn.Join(draft.UserText, draft.NextUserText) : draft.UserText + draft.NextUserText,
            Pieces = draft.Pieces.AddRange(draft.NextPieces),
            Speech = draft.Speech,
            AskedAt = Math.Max(draft.AskedAt, draft.NextAskedAt),
            Shown = draft.Shown + draft.NextShown,
            Journaled = draft.Journaled,
            Read = draft.Read,
            Given = draft.Given,
            IsOwed = true,
            IsAnnounced = draft.IsAnnounced,
            Crosses = draft.Crosses || state.Media.LastMeaningful > draft.AnsweredTo,
        };
    }

    /// <summary>Commits the draft and opens the next one.</summary>
    public static long Commit(Transition t, TurnEnding ending, bool continues = false)
    {
        var state = t.State;
        var draft = state.Draft;
        var media = state.Media;
        // A turn that says that more is to come has not answered anything yet; a cut one will be given anew.
        var settles = (ending != TurnEnding.Cut || continues) && !state.InteractionOpen;
        var answeredTo = !settles ? state.CommittedTo : ending == TurnEnding.Interrupted ? AnsweredInput.ByAReplyThatIsInterrupted(state) : draft.AnsweredTo;
        draft = settles ? TypedText.Part(draft, answeredTo) : draft;
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
            { InteractionOpen = state.InteractionOpen, Continues = continues, Told = settles ? 0 : draft.Shown + draft.NextShown },
            Durability.Flushed);
        t.State = t.State with
        {
            Turns = state.Turns + 1,
            History = Remember(state, draft, cut: ending == TurnEnding.Cut && !continues, settles),
            Given = settles ? state.Given.AddRange(draft.Given.Where(given => given.Seq <= answeredTo).Select(given => given.Said)) : state.Given,
            Settled = settles ? state.Settled + 1 : state.Settled,
            LossesOnTurn = settles && !continues ? 0 : state.LossesOnTurn,
            Moves = settles ? 0 : state.Moves,
            IsCareful = !settles && state.IsCareful,
            CommittedTo = answeredTo,
            Suspects = state.Suspects.RemoveAll(suspect => suspect.Seq <= answeredTo),
            Draft = Following(draft, settles, answeredTo, repeats: media.LastMeaningful > answeredTo) with { Crosses = AnsweredInput.MayInterruptTheNext(state) },
            Link = state.Link is LinkState.Live live ? live with { TurnDone = live.TurnDone || settles } : state.Link,
            // A handle from before knows nothing of a turn that answered no input after it.
            Checkpoint = settles && state.Checkpoint?.Position >= answeredTo ? null : state.Checkpoint,
            PendingTrim = settles ? (fact, answeredTo) : state.PendingTrim,
        };
        if (settles)
        {
            ToolStep.Settled(t);
        }

        if (settles && state.Link is LinkState.Live)
        {
            RecoveryRecord.Close(t);
        }

        t.State.Media.ForgetModelTurn();
        t.State = t.State with { Turn = Next(t.State, t.Now) };
        if (ending == TurnEnding.Interrupted && draft.Crosses && t.State.Turn is TurnState.Idle)
        {
            // What interrupted had left before the answer began, and counts as answered by it; it is not.
            t.State = t.State with { Draft = t.State.Draft with { IsOwed = true }, Turn = new TurnState.AwaitingModel(t.Now) };
        }
        else if (ending == TurnEnding.Interrupted && answeredTo < draft.AnsweredTo && media.LastMeaningful <= draft.AnsweredTo)
        {
            // The same, and its words were counted with this turn: nothing else will tell that they were said.
            t.State = t.State with { Draft = t.State.Draft with { IsOwed = true } };
        }

        Await(t, fact);
        return fact;
    }

    /// <summary>Output waits until this fact is durable, which must not take forever.</summary>
    public static void Await(Transition t, long fact)
    {
        t.State = t.State with { AwaitedCommit = fact };
        t.Arm(DeadlineKind.Commit, t.Now + t.State.Rules.CommitMs);
    }

    /// <summary>What is known already of the turn that comes next.</summary>
    /// <param name="repeats">Something that the user said is still to be answered: what upstream has not repeated yet of a transcript is of that.</param>
    private static TurnDraft Following(TurnDraft draft, bool settles, long answeredTo, bool repeats)
    {
        var (withheld, unwritten) = repeats ? (draft.Withheld, draft.Unwritten) : (0, 0);
        return TurnDraft.Empty with
        {
            UserText = draft.NextUserText,
            Pieces = draft.NextPieces,
            AskedAt = draft.NextAskedAt,
            Shown = settles ? draft.NextShown + withheld : draft.Shown + draft.NextShown,
            Withheld = withheld,
            Journaled = settles ? unwritten : draft.Journaled + Math.Max(0, draft.UserText.Length - draft.Typed.Length),
            Unwritten = unwritten,
            Read = !settles ? draft.ReadBefore() : repeats ? draft.DueOfRead() : "",
            DueAgain = settles && !repeats ? draft.DueOfRead() : "",
            DueWritten = settles && !repeats ? draft.Unwritten : 0,
            IsOwed = !settles && draft.IsAnnounced,
            IsAnnounced = !settles && draft.IsAnnounced,
            Given = draft.Given.RemoveAll(given => given.Seq <= answeredTo),
        };
    }

    private static ImmutableList<SpokenText> Remember(ConversationState state, TurnDraft draft, bool cut, bool settles)
    {
        var turn = state.Turns + 1;
        var history = settles ? SpokenText.Settle(state.History) : state.History;
        if (draft.UserText.Length > 0)
        {
            history = SpokenText.Add(history, new SpokenText(turn, Speaker.User, draft.UserText) { IsOpen = !settles });
        }
        else if (draft.Speech.VoicedMs > 0 && settles && draft.Journaled == 0)
        {
            history = SpokenText.Add(history, new SpokenText(turn, Speaker.User, SpokenText.Untranscribed) { IsNote = true });
        }

        return SpokenText.Add(history, new SpokenText(turn, Speaker.Model, draft.ModelText) { Cut = cut, IsOpen = !settles });
    }

    /// <summary>Where the exchange stands when a turn has ended: the user may be speaking, or have asked already.</summary>
    private static TurnState Next(ConversationState state, long now)
    {
        if (state.InteractionOpen)
        {
            return new TurnState.AwaitingModel(now);
        }

        return state.Media.LastMeaningful <= state.CommittedTo ? TurnState.Idle.Instance : Waiting(state, now);
    }

    /// <summary>The user has said something that is not answered, and may be saying it still. Where nothing was heard it was
    /// typed, and no silence will ever tell that it is over.</summary>
    private static TurnState Waiting(ConversationState state, long now)
    {
        var stillSpeaking = state.Rules.ManualActivity ? state.ActivityOpen : state.Media.VoicedMs > 0 && state.Media.QuietMs < state.Rules.SilenceMs;
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
