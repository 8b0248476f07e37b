using Gemini.Live.Setup;

namespace Orchestrator.Grains.Conversations;

/// <summary>What the attached client asked to hear, which may be less than what upstream is asked for.</summary>
public sealed record ClientWants(bool InputTranscription, bool OutputTranscription, bool AwaitsSetup)
{
    /// <summary>What an absent client is assumed to want: output that waits for it is filtered by the last known wishes.</summary>
    public static readonly ClientWants Everything = new(InputTranscription: true, OutputTranscription: true, AwaitsSetup: false);

    public static ClientWants From(SetupPlan setup) =>
        new(setup.WantsInputTranscription, setup.WantsOutputTranscription, setup.AwaitsConsent);
}
