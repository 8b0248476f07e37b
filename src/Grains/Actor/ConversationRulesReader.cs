using System.Collections.Immutable;
using Gemini.Live.Models;
using Gemini.Live.Setup;
using Orchestrator.Grains.Conversations;

namespace Orchestrator.Grains.Actor;

/// <summary>Derives what the step decides by from the setup and the silo's settings.</summary>
internal static class ConversationRulesReader
{
    /// <summary>Google does not publish its default. It errs on the short side: the region only estimates what upstream decides.</summary>
    private static readonly TimeSpan DefaultSilence = TimeSpan.FromMilliseconds(800);

    public static ConversationRules Read(SetupPlan setup, ImmutableArray<UpstreamEndpoint> endpoints, ConversationSettings settings) => new(
        setup.ManualActivity,
        (long)(setup.SilenceDuration ?? DefaultSilence).TotalMilliseconds,
        setup.HasInitialHistory,
        [.. endpoints.Select(endpoint => endpoint.Name)],
        setup.Hash)
    {
        Model = new ModelTraits
        {
            SeedEndsWithUser = setup.Entry.Seeding == SeedingStyle.LastTurnMustBeUser,
            RefusesInputDuringCall = setup.Entry.Functions.InputDuringCallIsRisky,
            MayStaySilent = setup.OffersProactivity,
            StatusEndsWork = setup.Entry.StatusEndsWork,
            ContextTokens = setup.Entry.ContextWindowTokens,
        },
        RepeatableTools = settings.RepeatableTools,
        MayMove = settings.MayMove,
        Policy = settings.Recovery,
        GraceMs = (long)settings.Grace.TotalMilliseconds,
        MaxDisplacements = settings.MaxDisplacements,
        DisplacementWindowMs = (long)settings.DisplacementWindow.TotalMilliseconds,
    };
}
