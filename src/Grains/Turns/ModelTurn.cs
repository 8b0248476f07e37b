using Gemini.Live.Scanning;
using Orchestrator.Attach;
using Orchestrator.Grains.Conversations;
using Orchestrator.Grains.Recovery;
using Orchestrator.Grains.Tools;
using Orchestrator.Journal;

namespace Orchestrator.Grains.Turns;

/// <summary>What a frame of the live link does to the turn region, and what of it the client gets.</summary>
internal static class ModelTurn
{
    /// <summary>What only a model that has begun to answer sends.</summary>
    internal const ServerParts ModelOutput =
        ServerParts.ModelAudio | ServerParts.ModelText | ServerParts.ModelThought | ServerParts.ModelOther
        | ServerParts.OutputTranscription | ServerParts.ToolCall;

    /// <summary>Never the client's business: these belong to one upstream connection, and the client has none.</summary>
    private const ServerParts OurOwn =
        ServerParts.SetupComplete | ServerParts.GoAway | ServerParts.SessionResumptionUpdate;

    public static void Received(Transition t, LinkState.Live live, ServerNotice notice)
    {
        if (notice.Handle is { } handle)
        {
            CheckpointStep.Handle(t, live, handle);
        }

        // The protocol bundles at will: content first, the end of the turn last (dossier §3.8, rule 10).
        var heard = UserTranscript.Heard(t, notice.InputText);
        if (notice.Has(ModelOutput))
        {
            Spoke(t, live, notice);
        }

        var (parts, toolFact) = ToolStep.Called(t, live, notice);
        parts = ToolStep.Cancelled(t, live, notice, parts);
        var stripTools = parts != notice.Parts;
        if (notice.Has(ServerParts.GenerationComplete) && t.State.Turn is TurnState.ModelSpeaking)
        {
            t.State = t.State with { Turn = TurnState.PlaybackPending.Instance };
            if (!t.State.InteractionOpen)
            {
                t.Append(new ReplyGenerated(t.State.Turns + 1, t.State.Draft.AnsweredTo, t.State.Draft.UserText, t.State.Draft.Shown));
            }
        }

        if (notice.Has(ServerParts.WaitingForInput))
        {
            t.State = t.State with { Draft = t.State.Draft with { WaitsForUser = true } };
        }

        var swallowed = notice.Has(ServerParts.Interrupted) && SpuriousInterruption.Takes(t, notice);
        if (notice.Has(ServerParts.Interrupted) && !swallowed)
        {
            t.State = t.State with { Turn = t.State.Draft.Answering ? TurnState.Interrupted.Instance : t.State.Turn };
            t.Emit(Effect.DiscardAudio.Instance);
        }

        if (notice.Has(ServerParts.InteractionInProgress | ServerParts.InteractionIdle))
        {
            t.State = t.State with { InteractionOpen = notice.Has(ServerParts.InteractionInProgress) };
        }

        Metered(t, notice);
        var wants = Wants(t.State);
        if (heard is { } rest)
        {
            // The client has heard some of these words before the replay.
            wants = wants with { InputTranscription = false };
            if (rest.Length > 0 && Wants(t.State).InputTranscription)
            {
                t.Emit(new Effect.SendToClient(GatewayFrames.InputTranscription(rest), OutputTraits.Words, AfterFact: 0));
            }
        }

        if (notice.Has(ServerParts.TurnComplete))
        {
            t.State = t.State with { Transcribed = t.State.Transcribed.TurnEnded() };
        }

        if (notice.Has(ServerParts.TurnComplete) && (SpuriousInterruption.TakesEnd(t, notice) || StallStep.Takes(t, notice) || EarlyEnd.Takes(t, notice)))
        {
            if (notice.Has(ModelOutput))
            {
                t.Emit(new Effect.ForwardFrame(!wants.InputTranscription, !wants.OutputTranscription) { WithoutTurnEnd = true, StripTools = stripTools });
            }
        }
        else if (notice.Has(ServerParts.TurnComplete))
        {
            var finished = t.State.Turn is not TurnState.Interrupted;
            var fact = TurnCommit.Complete(t);
            t.Emit(new Effect.ForwardTurnEnd(!wants.InputTranscription, !wants.OutputTranscription, fact) { StripTools = stripTools });
            if (fact != 0 && finished)
            {
                CheckpointStep.Boundary(t);
            }
            else if (fact != 0)
            {
                CheckpointStep.TurnEnded(t);
                // Who interrupted is still to be answered, even if the words left us before the first of this reply came:
                // the handle of this moment may be older than they are.
                t.Count("checkpointNotAtBoundary");
            }

            ToolNotes.TurnEnded(t);
        }
        else if (IsForClient(swallowed ? parts & ~ServerParts.Interrupted : parts, wants))
        {
            t.Emit(new Effect.ForwardFrame(
                notice.Has(ServerParts.InputTranscription) && !wants.InputTranscription,
                notice.Has(ServerParts.OutputTranscription) && !wants.OutputTranscription)
            {
                StripTools = stripTools,
                AfterFact = toolFact,
                Calls = toolFact != 0 ? [.. notice.Calls.Select(call => call.Id)] : [],
            });
        }
    }

    /// <summary>What a model says that nobody hears is paid for all the same.</summary>
    public static void MeterUnheard(Transition t, ServerNotice notice)
    {
        if (notice.Usage is { } usage && t.State.Turns > 0)
        {
            t.Append(new TurnAmended(t.State.Turns, UserText: null, ModelText: null, usage));
        }
    }

    /// <summary>Fillers, our own handles and transcripts that nobody asked for leave nothing to forward.</summary>
    private static bool IsForClient(ServerParts parts, ClientWants wants)
    {
        var rest = parts & ~OurOwn & ~ServerParts.ServerContent;
        if (!wants.InputTranscription)
        {
            rest &= ~ServerParts.InputTranscription;
        }

        if (!wants.OutputTranscription)
        {
            rest &= ~ServerParts.OutputTranscription;
        }

        return rest != 0;
    }

    private static ClientWants Wants(ConversationState state) => state.Edge switch
    {
        EdgeState.Attached attached => attached.Wants,
        EdgeState.Lost lost => lost.Wants,
        _ => ClientWants.Everything,
    };

    private static void Spoke(Transition t, LinkState.Live live, ServerNotice notice)
    {
        var waited = t.State.Draft.OnlyThinks || t.State.Turn is not (TurnState.ModelSpeaking or TurnState.PlaybackPending or TurnState.Interrupted);
        var speaks = notice.Has(ServerParts.ModelAudio | ServerParts.ModelText) || notice.OutputText.Length > 0;
        if (!t.State.Draft.Answering)
        {
            TurnCommit.BeginAnswer(t);
        }

        if (waited && speaks)
        {
            ToolStep.SpokenAbout(t, live.Link);
        }

        if (notice.Has(ServerParts.ModelAudio))
        {
            MediaPath.CountSpoken(t.State, notice.AudioMs, t.Now);
        }

        t.State = t.State with
        {
            Turn = t.State.Turn is TurnState.PlaybackPending or TurnState.Interrupted ? t.State.Turn : TurnState.ModelSpeaking.Instance,
            Draft = t.State.Draft with
            {
                ModelText = t.State.Draft.ModelText + notice.OutputText,
                Parts = t.State.Draft.Parts | (notice.Parts & ModelOutput),
                OnlyThinks = waited && !speaks,
                AwaitsRest = false,
                Swallowing = null,
            },
        };
    }

    private static void Metered(Transition t, ServerNotice notice)
    {
        if (notice.Usage is not { } usage)
        {
            return;
        }

        ProofOfContext.Metered(t, usage);
        if (t.State.Draft.Answering)
        {
            t.State = t.State with { Draft = t.State.Draft with { Usage = usage } };
        }
        else if (t.State.Turns > 0)
        {
            t.Append(new TurnAmended(t.State.Turns, UserText: null, ModelText: null, usage));
        }
    }
}
