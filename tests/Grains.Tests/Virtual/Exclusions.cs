using Gemini.Live.Simulator;
using Orchestrator.Journal;

namespace Orchestrator.Grains.Tests.Virtual;

/// <summary>
/// What the oracle does not ask for yet, because the recovery issue builds it. Each has a name; delete them one by one.
/// </summary>
internal static class Exclusions
{
    /// <summary>Upstream transcribes replayed audio once more, and a lost link may take transcripts with it.</summary>
    public static bool TranscriptsAfterAReplayAreNotWithheld(VirtualConversation conversation) =>
        conversation.Journal.Facts<LinkOpened>().Any(opened => opened.ReplayedFrom is not null);

    /// <summary>Upstream got the words wrong, and the journal says what upstream said.</summary>
    public static bool UpstreamMishears(VirtualConversation conversation) =>
        conversation.Schedule.Knobs.Transcripts == InputTranscripts.Wrong;

    public static bool UserTextIsExact(VirtualConversation conversation) =>
        !TranscriptsAfterAReplayAreNotWithheld(conversation) && !UpstreamMishears(conversation);
}
