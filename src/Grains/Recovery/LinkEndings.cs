using Gemini.Live.Closes;
using Gemini.Live.Links;
using Orchestrator.Grains.Conversations;

namespace Orchestrator.Grains.Recovery;

/// <summary>What the conversation knows about the end of its link, in the terms of <see cref="CloseTaxonomy"/>.</summary>
internal static class LinkEndings
{
    public static CloseVerdict Classify(ConversationState state, LinkLoss loss, long now)
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
            SetupProven = state.SetupProven,
            OldSocketMayBeOpen = state.OldSocketMayBeOpen,
            LastPromptTokens = state.PromptTokens,
            ContextWindow = state.Rules.Model.ContextTokens,
            RecentFrames = Quarantine.Recent(state, now),
        });
    }

    private static ClosePhase Phase(LinkState link, ResumePlan? plan, LinkLoss loss) => link switch
    {
        LinkState.Live { Answered: true } => ClosePhase.Live,
        LinkState.Live => ClosePhase.FirstContent,
        _ when loss.Kind is LinkLossKind.DialFailed or LinkLossKind.DialRefused => ClosePhase.Dialling,
        _ => plan is ResumePlan.Resume ? ClosePhase.JustResumed : ClosePhase.Setup,
    };
}
