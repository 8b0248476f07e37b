using Gemini.Live.Closes;
using Gemini.Live.Links;
using Orchestrator.Grains.Conversations;

namespace Orchestrator.Grains.Recovery;

/// <summary>What the conversation knows about the end of its link, in the terms of <see cref="CloseTaxonomy"/>.</summary>
internal static class LinkEndings
{
    public static CloseVerdict Classify(ConversationState state, LinkLoss loss)
    {
        var plan = state.Link switch
        {
            LinkState.Connecting connecting => connecting.Plan,
            LinkState.Live live => live.Plan,
            _ => null,
        };
        return CloseTaxonomy.Classify(new LinkEnding(loss, Phase(state.Link, plan, loss))
        {
            PresentedHandle = plan is ResumePlan.Resume,
            // A checkpoint is bound to the setup; turns alone may have been held under another one.
            SetupProven = state is { Turns: > 0, Checkpoint: not null },
        });
    }

    /// <summary>
    /// True when rung 1, which is all that there is so far, would only provoke the same close again: the client gets
    /// upstream's own words. A frame at fault would be replayed, and a full context resumed.
    /// </summary>
    public static bool IsFinal(CloseVerdict verdict) =>
        verdict.Cause is CloseCause.BadFrame or CloseCause.ContextExhausted
        || !(verdict.MayTry(Rung.Resume) || verdict.MayTry(Rung.Fresh));

    private static ClosePhase Phase(LinkState link, ResumePlan? plan, LinkLoss loss) => link switch
    {
        LinkState.Live { Answered: true } => ClosePhase.Live,
        LinkState.Live => ClosePhase.FirstContent,
        _ when loss.Kind is LinkLossKind.DialFailed or LinkLossKind.DialRefused => ClosePhase.Dialling,
        _ => plan is ResumePlan.Resume ? ClosePhase.JustResumed : ClosePhase.Setup,
    };
}
