using System.Collections.Immutable;
using Gemini.Live.Closes;
using Gemini.Live.Links;
using Orchestrator.Attach;
using Orchestrator.Grains.Conversations;
using Orchestrator.Grains.Tools;
using Orchestrator.Journal;

namespace Orchestrator.Grains.Recovery;

/// <summary>A frame that is not audio, and may be what upstream takes offence at.</summary>
public sealed record Suspect(long Seq, FrameKinds Kind, long AtMs);

/// <summary>
/// Takes a frame that upstream refuses out of the replay: one that the reason's path names, or, when the same close came
/// twice, the newest that may be it. Never audio.
/// </summary>
internal static class Quarantine
{
    private const int Most = 16;
    private const long RecentMs = 10_000;

    public static FrameKinds KindOf(InputTraits traits) =>
        (traits & InputTraits.ClientContent) != 0 ? FrameKinds.Content
        : (traits & InputTraits.ToolResponse) != 0 ? FrameKinds.ToolResponse
        : (traits & InputTraits.Text) != 0 ? FrameKinds.Text
        : (traits & InputTraits.ContextUpdate) != 0 ? FrameKinds.ContextUpdate
        : FrameKinds.None;

    public static void Note(Transition t, long seq, InputTraits traits)
    {
        if (KindOf(traits) is not FrameKinds.None and var kind)
        {
            var suspects = t.State.Suspects.Count < Most ? t.State.Suspects : t.State.Suspects.RemoveAt(0);
            t.State = t.State with { Suspects = suspects.Add(new Suspect(seq, kind, t.Now)) };
        }
    }

    /// <summary>What went out lately, as the close taxonomy asks for it.</summary>
    public static FrameKinds Recent(ConversationState state, long now)
    {
        var kinds = state.IsCareful || state.Tools.IsOpenOn(state.Links) ? FrameKinds.OpenCall : FrameKinds.None;
        foreach (var suspect in state.Suspects)
        {
            kinds |= now - suspect.AtMs <= RecentMs && suspect.Seq <= state.Media.SentTo ? suspect.Kind : FrameKinds.None;
        }

        return kinds;
    }

    public static void Consider(Transition t, CloseVerdict verdict, LinkLoss loss)
    {
        if (verdict.Cause != CloseCause.BadFrame)
        {
            return;
        }

        var again = t.State.RefusedWith == (loss.Code, loss.Reason);
        t.State = t.State with { RefusedWith = (loss.Code, loss.Reason), RefusedAgain = again };
        if (!t.State.SetupProven)
        {
            // Whoever is trying the API out is better served with upstream's words than with silence.
            return;
        }

        var named = Named(loss.Reason);
        var culprit = t.State.Suspects.LastOrDefault(suspect =>
            suspect.Seq > t.State.CommittedTo && suspect.Seq <= t.State.Media.SentTo && (named == FrameKinds.None ? again : suspect.Kind == named));
        if (culprit is not null)
        {
            t.Count("inputQuarantined");
            t.Append(new InputQuarantined(culprit.Seq, LinkStep.Name(culprit.Kind), loss.Reason));
            t.Emit(new Effect.QuarantineInput(culprit.Seq));
            ToolStep.Refused(t, culprit.Seq);
            t.State = t.State with { Suspects = t.State.Suspects.Remove(culprit), RefusedWith = null, RefusedAgain = false };
        }
    }

    /// <summary>The kind of frame that a reason like <c>Invalid value at 'tool_response.…'</c> names.</summary>
    private static FrameKinds Named(string reason)
    {
        var at = reason.IndexOf('\'', StringComparison.Ordinal);
        var path = at < 0 ? default : reason.AsSpan(at + 1);
        return path.StartsWith("client_content") ? FrameKinds.Content
            : path.StartsWith("tool_response") ? FrameKinds.ToolResponse
            : path.StartsWith("realtime_input.text") ? FrameKinds.Text
            : path.StartsWith("context_update") ? FrameKinds.ContextUpdate
            : FrameKinds.None;
    }
}
