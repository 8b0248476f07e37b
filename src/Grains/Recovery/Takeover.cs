using Gemini.Live.Closes;
using Gemini.Live.Links;
using Gemini.Live.Scanning;
using Orchestrator.Attach;
using Orchestrator.Grains.Conversations;
using Orchestrator.Grains.Tools;
using Orchestrator.Grains.Turns;
using Orchestrator.Journal;

namespace Orchestrator.Grains.Recovery;

/// <summary>
/// A conversation whose silo was lost goes on at another (DESIGN §6, §10): the journal says what is settled, the edge what its
/// client has heard beyond that. The turn that was in front of the client is closed; the input that no turn has answered
/// comes once more from the edge.
/// </summary>
internal static class Takeover
{
    /// <summary>The journal's state, as the client's edge adds to it.</summary>
    public static ConversationState Of(ConversationState state, ClientHas has)
    {
        state.Media.LastOutput = Math.Max(state.Media.LastOutput, has.LastOutput);
        if (HasWhole(state, has) is { } generated)
        {
            state.Media.LastInput = Math.Max(state.Media.LastInput, generated.InputTo);
            state.Media.SentTo = state.Media.LastInput;
        }

        return state with
        {
            Takeover = has,
            // Nobody saw upstream close it: the old owner may be alive, and of one that closed it in order the echo was not awaited.
            OldSocketMayBeOpen = state.Links > 0,
        };
    }

    /// <summary>After a take-over the input comes once more from the edge, and may not be here yet. The old owner's link may be in no
    /// fact: the new owner's is the first then.</summary>
    public static bool InputIsUnderWay(ConversationState state, int link) => link == 1 || state.Episode is { Kind: RecoveryKind.Takeover };

    /// <summary>A connection that died with its silo: nobody was there to say so, and what it has used is to be put to its account.</summary>
    /// <returns>True when there was one.</returns>
    public static bool RecordLost(Transition t)
    {
        if (t.State.LeftOpen is not (> 0 and var link))
        {
            return false;
        }

        t.State = t.State with { LeftOpen = 0 };
        t.Append(new LinkLost(link, LinkStep.Name(LinkLossKind.OwnerLost), Code: null, "", LinkStep.Name(CloseCause.OwnerLost)));
        return true;
    }

    /// <summary>A client is attached to the new owner.</summary>
    /// <param name="same">It is the one that the old owner served.</param>
    /// <param name="lost">The old owner was lost; otherwise it has let the conversation go in order.</param>
    public static void Attached(Transition t, bool same, bool lost)
    {
        if (t.State.Takeover is not { } has)
        {
            return;
        }

        t.State = t.State with { Takeover = null };
        if (!same)
        {
            t.State = t.State with { Tools = t.State.Tools.Restored() };
            return;
        }

        t.Count("takenOver");
        ForgetCalls(t, has);
        Close(t, has);
        if (t.State.Links > 0)
        {
            t.State = t.State with { Episode = new RecoveryEpisode(RecoveryKind.Takeover, t.State.Links, t.Now - has.AwayMs, lost ? CloseCause.OwnerLost : CloseCause.Clean, Code: null) };
        }
    }

    /// <summary>Of a function that the client was never asked for nobody need know: it will be asked for when the model wants it again.</summary>
    private static void ForgetCalls(Transition t, ClientHas has)
    {
        var ended = MissesEnd(t.State, has) ? t.State.Turns - 1 : t.State.Turns;
        var (book, forgotten) = t.State.Tools.Forgetting(call => call.Turn > ended && !has.Calls.Contains(call.Id));
        t.State = t.State with { Tools = book };
        foreach (var id in forgotten)
        {
            t.Append(new ToolForgotten(id));
        }
    }

    private static void Close(Transition t, ClientHas has)
    {
        var (told, written) = t.State.Owed;
        if (!MissesEnd(t.State, has))
        {
            t.State = t.State with { Draft = t.State.Draft with { UserText = has.UserText, Shown = told + has.UserText.Length, Journaled = written } };
            CutOff(t, has, told);
            return;
        }

        // What the client was told since the last end it knows belongs to that turn first.
        var last = t.State.LastTurn!;
        var ofLast = last.Told != 0 ? last.Told : last.User?.Text.Length ?? 0;
        var next = has.UserText[Math.Min(ofLast, has.UserText.Length)..];
        t.State = t.State with { Draft = t.State.Draft with { UserText = next, Shown = told + next.Length, Journaled = written } };
        var ends = last.Ending != TurnEnding.Cut;
        if (!ends && !has.IsInReply)
        {
            // The question was put down unanswered, and is still to be answered: nothing has begun that could end.
            return;
        }

        if (has.LastOutput < last.OutputSeq)
        {
            t.Append(new OutputLost(last.Turn, has.LastOutput + 1, last.OutputSeq));
            ends = false;
        }

        if (!ends)
        {
            Interrupt(t, has);
        }

        t.Emit(new Effect.SendToClient(GatewayFrames.TurnComplete, OutputTraits.TurnComplete, AfterFact: 0));
    }

    /// <summary>A reply that was under way is over: complete, if all of it had been generated and has arrived; otherwise its
    /// question comes again, and is answered anew.</summary>
    private static void CutOff(Transition t, ClientHas has, int told)
    {
        if (!has.IsInReply)
        {
            return;
        }

        t.State.Media.SpokenMs = has.SpokenMs;
        var draft = t.State.Draft with { Answering = true, AnsweredTo = t.State.CommittedTo, ModelText = has.ModelText, Parts = has.Parts };
        if (HasWhole(t.State, has) is { } generated)
        {
            var late = Math.Clamp(told + has.UserText.Length - generated.Told, 0, has.UserText.Length);
            t.State = t.State with
            {
                Draft = draft with { AnsweredTo = generated.InputTo, UserText = generated.User + has.UserText[^late..] },
                Turn = TurnState.PlaybackPending.Instance,
            };
            End(t, TurnCommit.Commit(t, TurnEnding.Completed));
            return;
        }

        Interrupt(t, has);
        t.State = t.State with { Draft = draft, Turn = TurnState.ModelSpeaking.Instance };
        End(t, TurnCommit.Cut(t));
    }

    private static void End(Transition t, long fact) =>
        t.Emit(new Effect.SendToClient(GatewayFrames.TurnComplete, OutputTraits.TurnComplete, fact));

    private static void Interrupt(Transition t, ClientHas has)
    {
        if ((has.Parts & ServerParts.Interrupted) == 0)
        {
            t.Emit(new Effect.SendToClient(GatewayFrames.Interrupted, OutputTraits.None, AfterFact: 0));
        }
    }

    /// <summary>The reply that was generated whole and that the client has, if there is one.</summary>
    private static ReplyGenerated? HasWhole(ConversationState state, ClientHas has) =>
        (has.Parts & (ServerParts.GenerationComplete | ServerParts.Interrupted)) == ServerParts.GenerationComplete && !MissesEnd(state, has) ? state.Generated : null;

    /// <summary>The last turn is in the journal, and the client has not been told that it is over.</summary>
    private static bool MissesEnd(ConversationState state, ClientHas has) => state.LastTurn is { } last && has.LastTurnEnd <= last.OutputSeq;
}
