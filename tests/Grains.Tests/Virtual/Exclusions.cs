using Gemini.Live.Simulator;
using Gemini.Live.Simulator.Faults;
using Orchestrator.Journal;

namespace Orchestrator.Grains.Tests.Virtual;

/// <summary>
/// What the oracle does not ask for yet, because the recovery issue builds it. Each has a name; delete them one by one.
/// </summary>
internal static class Exclusions
{
    /// <summary>Faults that no schedule has, with what must be built before one may: take a line away, and draw the fault.</summary>
    public static readonly IReadOnlyDictionary<FaultAction, string> NotPlayed = new Dictionary<FaultAction, string>
    {
        [FaultAction.GoAway] = "rotation",
        [FaultAction.Silence] = "stall watchdog",
        [FaultAction.Stall] = "stall watchdog",
        [FaultAction.EmptyTurn] = "stall watchdog",
        [FaultAction.EarlyTurnComplete] = "stall watchdog",
        [FaultAction.LoseContext] = "proof of context, seeding",
        [FaultAction.SpuriousInterrupted] = "swallowing interruptions that nobody caused",
        [FaultAction.DuplicateTranscription] = "withholding repeated transcripts",
        [FaultAction.RepeatSentence] = "repetition guard",
    };

    /// <summary>
    /// A conversation that leaves memory (a commit was overdue while its client was away) takes its input log along: what
    /// was not answered by then is not replayed. The log at the edge comes with the cluster.
    /// </summary>
    public static bool InputLogDiesWithTheActivation(VirtualConversation conversation) => conversation.Lives > 1;

    /// <summary>Upstream transcribes replayed audio once more, and a lost link may take transcripts with it.</summary>
    public static bool TranscriptsAfterAReplayAreNotWithheld(VirtualConversation conversation) =>
        conversation.Journal.Facts<LinkOpened>().Any(opened => opened.ReplayedFrom is not null);

    /// <summary>Upstream got the words wrong, and the journal says what upstream said.</summary>
    public static bool UpstreamMishears(VirtualConversation conversation) =>
        conversation.Schedule.Knobs.Transcripts == InputTranscripts.Wrong;

    /// <summary>On wall time a turn ends while its client is away, in the middle of a word.</summary>
    public static bool UpstreamSplitsAWord(VirtualConversation conversation) =>
        conversation.Schedule is { Knobs.VadClock: VadClock.Wall, ClientLosses.Count: > 0 };

    /// <summary>Noise that passes for a voice makes late transcripts look like the next turn's; they are written with it.</summary>
    public static bool NoiseHidesWhoseWordsAreLate(VirtualConversation conversation) =>
        conversation.Schedule is { Noise: > 200, Knobs.Transcripts: InputTranscripts.After or InputTranscripts.Late };

    /// <summary>A link that is lost just after a turn takes the turn's late transcript along.</summary>
    public static bool ALostLinkTakesTranscriptsAlong(VirtualConversation conversation) =>
        conversation.Schedule.Knobs.Transcripts == InputTranscripts.Late && conversation.Journal.Facts<LinkOpened>().Count() > 1;

    public static bool UserTextIsExact(VirtualConversation conversation) =>
        !ALostLinkTakesTranscriptsAlong(conversation)
        && !TranscriptsAfterAReplayAreNotWithheld(conversation)
        && !UpstreamMishears(conversation)
        && !UpstreamSplitsAWord(conversation)
        && !NoiseHidesWhoseWordsAreLate(conversation);
}
