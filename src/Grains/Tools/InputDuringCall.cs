using Gemini.Live.Closes;
using Orchestrator.Grains.Conversations;
using Orchestrator.Grains.Recovery;
using Orchestrator.Grains.Turns;

namespace Orchestrator.Grains.Tools;

/// <summary>
/// 2.5 ends the connection when it hears something while a call is pending (dossier §7, #11): input waits for the result. A
/// call that was lost to it, because sound was under way when it came, is asked for again in silence.
/// </summary>
internal static class InputDuringCall
{
    /// <summary>The dossier's advice: nobody waits longer for a function than this.</summary>
    private const long MostMs = 10_000;

    /// <summary>Audio in most frames.</summary>
    private const long FrameMs = 20;

    /// <summary>A link ended: was it for this?</summary>
    public static bool IsToBlame(ConversationState state, CloseVerdict verdict) =>
        state.Rules.Model.RefusesInputDuringCall && verdict.Cause == CloseCause.Unsupported;

    /// <summary>Input is about to be sent on a new connection: no more of it than the question, and the silence that ends it.</summary>
    public static void Before(Transition t)
    {
        t.State = t.State with { HoldsForCall = CallHold.None };
        if (t.State.IsCareful && t.State.Turn is TurnState.AwaitingModel)
        {
            t.State = t.State with { HoldsForCall = CallHold.On };
            t.Emit(new Effect.HoldInputAfter(Math.Min(t.State.Media.LastInput, Question(t.State))));
            t.Arm(DeadlineKind.CallHold, t.Now + MostMs);
        }
    }

    /// <summary>After every input.</summary>
    public static void Watch(Transition t)
    {
        if (!t.State.Rules.Model.RefusesInputDuringCall)
        {
            return;
        }

        var wanted = t.State is { Link: LinkState.Live { SeedReply: not SeedReply.Awaited } live }
            && ((live.Flushed && t.State.Tools.IsOpenOn(live.Link)) || (t.State.IsCareful && t.State.Turn is TurnState.AwaitingModel or TurnState.ToolPending));
        if (wanted && t.State.HoldsForCall == CallHold.None)
        {
            t.State = t.State with { HoldsForCall = CallHold.On };
            t.Emit(Effect.HoldInput.Instance);
            t.Arm(DeadlineKind.CallHold, t.Now + MostMs);
        }
        else if (!wanted && t.State.HoldsForCall != CallHold.None)
        {
            Release(t, CallHold.None);
        }
    }

    /// <summary>No call, or no result, for too long.</summary>
    public static void Elapsed(Transition t)
    {
        t.Count("callHoldGivenUp");
        Release(t, CallHold.GivenUp);
    }

    /// <summary>Newest position of the question that the call was made for, and of the silence that ends it where the model listens
    /// for that. What was said sooner than that belongs to it; what was said later has waited, and waits again.</summary>
    private static long Question(ConversationState state)
    {
        var silence = state.Rules.ManualActivity ? 0 : (state.Rules.SilenceMs / FrameMs) + 5;
        var end = state.Tools.OldestQuestion ?? state.Media.LastMeaningful;
        while (state.Media.Said.FirstAfter(end) is { } span && span.Start <= end + Tail(end))
        {
            end = span.End;
        }

        return end + Tail(end);

        long Tail(long position) => state.Draft.Pieces.Exists(piece => piece.Seq == position) ? 0 : silence;
    }

    private static void Release(Transition t, CallHold next)
    {
        var held = t.State.HoldsForCall == CallHold.On;
        t.State = t.State with { HoldsForCall = next };
        t.Disarm(DeadlineKind.CallHold);
        if (held && t.State is { Link: LinkState.Live { SeedReply: not SeedReply.Awaited }, Hold: null })
        {
            t.Emit(Effect.ReleaseInput.Instance);
        }
    }
}

/// <summary>Whether input waits for the result of a call.</summary>
public enum CallHold
{
    None,
    On,
    /// <summary>It has waited long enough.</summary>
    GivenUp,
}
