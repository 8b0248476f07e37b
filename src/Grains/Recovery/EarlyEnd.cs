using Gemini.Live.Scanning;
using Orchestrator.Attach;
using Orchestrator.Grains.Conversations;
using Orchestrator.Grains.Turns;

namespace Orchestrator.Grains.Recovery;

/// <summary>
/// A <c>turnComplete</c> in the middle of a sentence, with no <c>generationComplete</c> before it (dossier §7, #1): the model is
/// asked for the rest, once per turn, and the client sees one turn.
/// </summary>
internal static class EarlyEnd
{
    internal static readonly ReadOnlyMemory<byte> AskForRest = GatewayFrames.RealtimeText(GatewayFrames.Note("you were cut off in the middle of the sentence; say the rest"));

    private const string SentenceEnds = ".!?…。！？؟।॥:;";
    private const string Closing = "\"'”’»›)]}」』）";

    /// <summary>What of the user's means that a new exchange begins.</summary>
    private const InputTraits Begins = InputTraits.Voiced | InputTraits.ActivityStart | InputTraits.Text | InputTraits.ContentComplete;

    /// <returns>True when the end comes too early, and the rest was asked for: the end is not the client's.</returns>
    public static bool Takes(Transition t, ServerNotice notice)
    {
        var state = t.State;
        if (state.Turn is not TurnState.ModelSpeaking || state.Draft.RestAsked || state.Media.SpokenMs == 0
            || notice.Has(ServerParts.GenerationComplete | ServerParts.InteractionInProgress | ServerParts.WaitingForInput)
            || EndsSentence(state.Draft.ModelText) || UserTurn.UserSpeaksAgain(state) || state.Media.LastMeaningful > state.Draft.AnsweredTo)
        {
            return false;
        }

        t.Count("earlyTurnEnd");
        CheckpointStep.TurnEnded(t);
        ModelTurn.MeterUnheard(t, notice);
        t.State = t.State with { Draft = state.Draft with { AwaitsRest = true, RestAsked = true, Usage = null }, Turn = new TurnState.AwaitingModel(t.Now) };
        t.Emit(new Effect.SendUpstream(AskForRest));
        return true;
    }

    /// <summary>The user goes on before the rest has come: the turn stays as it is.</summary>
    public static void UserActs(Transition t, InputTraits traits)
    {
        if (t.State.Draft.AwaitsRest && (traits & Begins) != 0)
        {
            Finish(t);
        }
    }

    /// <summary>No rest comes: the client is told the end that upstream gave.</summary>
    public static void Finish(Transition t)
    {
        t.Count("restNotGiven");
        TurnCommit.Finish(t);
    }

    /// <summary>A text of which nothing can be seen ends as it likes.</summary>
    private static bool EndsSentence(string text)
    {
        var end = text.AsSpan().TrimEnd().TrimEnd(Closing).TrimEnd();
        return end.IsEmpty || SentenceEnds.Contains(end[^1], StringComparison.Ordinal);
    }
}
