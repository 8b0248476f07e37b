using Orchestrator.Testing.Promises;
using Gemini.Live.Models;
using Gemini.Live.Simulator;
using Gemini.Live.Simulator.Faults;
using Orchestrator.Journal;

namespace Orchestrator.Grains.Tests.Virtual;

/// <summary>
/// What the oracle does not ask for, because nobody could know or do it. Each has a name, and its reason.
/// </summary>
internal static class Exclusions
{
    /// <summary>Frames that upstream may have heard later behind a replay than without one, as the gateway counts.</summary>
    private const int HeardLater = 105 - 30;

    /// <summary>
    /// A conversation that leaves memory (a commit was overdue while its client was away) takes its input log along: what
    /// was not answered by then is not replayed. The log at the edge comes with the cluster.
    /// </summary>
    public static bool InputLogDiesWithTheActivation(VirtualConversation conversation) => conversation.Lives > 1;

    /// <summary>Words that were settled may never have been transcribed, or wrongly: a new session cannot be told them.</summary>
    public static bool TranscriptsMayBeLost(VirtualConversation conversation) =>
        conversation.Schedule.Knobs is { Transcripts: not InputTranscripts.Before } or { TranscriptionStops: true };

    /// <summary>
    /// Words of which nobody knows whether an interrupted reply was an answer to them, and that were not sent again when the
    /// connection was lost next. In noise that passes for a voice nothing separates them from the question, and upstream does not
    /// say how far behind a replay it is: where it takes a burst at once (seed 7288), a reply answers what had ended 70 frames
    /// before the newest that was sent, and where it throttles (seed 12723), it has not heard what began 73 frames before, or 100 (seed 19312);
    /// nor has it where the socket is slow (seed 118110). All else on the wire is the same. Sent again, the words of the one would be there twice.
    /// </summary>
    public static IReadOnlyList<int> WordsThatNoiseHidesBehindAReplay(VirtualConversation conversation)
    {
        if (!NoisePassesForAVoice(conversation) || conversation.Schedule is { Knobs.BurstInput: not BurstInput.Throttled, SlowSends: 0 })
        {
            return [];
        }

        var (journal, sent) = (conversation.Journal, conversation.Client.Sent);
        var behind = journal.Facts<TurnCommitted>().Where(turn => turn is { Ending: TurnEnding.Interrupted, Model: not null }
            && journal.Durable.Any(entry => entry.Fact is LinkRecovered replay && replay.ToLink == turn.Link && journal.Durable[0].At.AddMilliseconds(turn.Model.StartMs) < entry.At.AddMilliseconds(replay.ReplayedMs))
            && journal.Facts<LinkOpened>().Any(next => next is { Resumed: false } && next.Link > turn.Link && next.ReplayedFrom == turn.InputTo));
        return [.. behind.SelectMany(turn => sent.Take((int)turn.InputTo).Skip((int)turn.InputTo - HeardLater).Select(frame => frame.Word).Where(word => word > 0).Distinct())];
    }

    /// <summary>
    /// Words in the middle of which the next session began. In noise that passes for a voice nothing shows where a word ends, so what a reply
    /// answers is counted by the moment of the reply: it may end a few frames before the word does (seed 51814), which then are heard once more, or in
    /// the word that interrupted it (seed 40567), which then is heard by halves.
    /// </summary>
    public static IReadOnlyList<int> WordsThatNoiseSplits(VirtualConversation conversation)
    {
        var sent = conversation.Client.Sent;
        return !NoisePassesForAVoice(conversation) ? [] :
        [
            .. conversation.Journal.Facts<LinkOpened>().Where(next => next is { Resumed: false, ReplayedFrom: > 0 } && next.ReplayedFrom < sent.Count).Select(next => (int)next.ReplayedFrom!)
                .Where(from => sent[from].Word > 0 && sent[from - 1].Word == sent[from].Word).Select(from => sent[from].Word).Distinct(),
        ];
    }

    private static bool NoisePassesForAVoice(VirtualConversation conversation) => conversation.Schedule is { Manual: false, Noise: > 200 };

    /// <summary>Upstream got the words wrong, and the journal says what upstream said.</summary>
    private static bool UpstreamMishears(VirtualConversation conversation) =>
        conversation.Schedule.Knobs.Transcripts == InputTranscripts.Wrong;

    /// <summary>On wall time a turn ends while its client is away, in the middle of a word.</summary>
    public static bool UpstreamSplitsAWord(VirtualConversation conversation) =>
        conversation.Schedule is { Knobs.VadClock: VadClock.Wall, Manual: false } && conversation.Client.LeftInMidSpeech.Count > 0;

    /// <summary>Noise that passes for a voice makes late transcripts look like the next turn's; they are written with it.</summary>
    private static bool NoiseHidesWhoseWordsAreLate(VirtualConversation conversation) =>
        conversation.Schedule is { Noise: > 200, Knobs.Transcripts: InputTranscripts.After or InputTranscripts.Late };

    /// <summary>A link that is lost takes the transcripts along that it had not sent yet.</summary>
    private static bool ALostLinkTakesTranscriptsAlong(VirtualConversation conversation) =>
        conversation.Schedule.Knobs.Transcripts is InputTranscripts.Late or InputTranscripts.After && conversation.Journal.Facts<LinkOpened>().Count() > 1;

    /// <summary>A transcript that comes later than what was typed behind it is written after it: upstream does not say to which turn it belongs.</summary>
    public static bool WordsComeInAnyOrder(VirtualConversation conversation) => conversation.Said.Exists(turn => turn.Manner != Manner.Spoken);

    /// <summary>
    /// A model that says nothing looks like one that rightly does when nothing tells that somebody has spoken to it (no
    /// transcript before the reply, noise that passes for a voice), or when the model may choose silence and was asked once.
    /// </summary>
    public static bool SilenceMayBeRight(VirtualConversation conversation) =>
        conversation.Schedule is var schedule
        && schedule.Faults.Any(fault => fault.Action is FaultAction.Stall or FaultAction.EmptyTurn or FaultAction.Silence || fault.Then == GoAwayEnd.Silence)
        && ((!schedule.Manual && (schedule.Knobs.Transcripts is InputTranscripts.Late or InputTranscripts.After || schedule.Noise > 200))
            || (ModelCatalog.Find(schedule.Model, out _).MayStaySilent && SaysNothing(schedule) > 1));

    /// <summary>Who is silent after goAway is given up at the end that it announced, a minute later at most.</summary>
    public static bool SilenceHasAnEnd(VirtualConversation conversation) => conversation.Schedule.Faults.Any(fault => fault.Then == GoAwayEnd.Silence);

    /// <summary>Where noise passes for a voice, a question of the user's may stand at the end of each replay, and a result that is told before it is heard would interrupt the answer.</summary>
    public static bool ResultsMayWait(VirtualConversation conversation) => NoisePassesForAVoice(conversation);

    /// <summary>The second turn in which a model that may choose silence says nothing is its answer.</summary>
    public static bool TurnsMayBeEmpty(VirtualConversation conversation) =>
        SilenceMayBeRight(conversation) || SaysNothing(conversation.Schedule) > 3;

    private static int SaysNothing(Schedule schedule) => schedule.Faults.Where(fault => fault.Action is FaultAction.Stall or FaultAction.EmptyTurn).Sum(fault => fault.Times);

    /// <summary>
    /// The rest of a reply is asked for once, whatever comes of it, and not over the user's words, or what passes for them: those
    /// that upstream had still to hear when the reply began among them.
    /// </summary>
    public static bool RestMayBeMissing(VirtualConversation conversation, HeardTurn turn) =>
        conversation.Schedule is var schedule
        && schedule.Faults.Where(fault => fault.Action == FaultAction.EarlyTurnComplete).Sum(fault => fault.Times) is var times and > 0
        && (times > 1 || SaysNothing(schedule) > 0 || schedule.Noise > 200 || conversation.Client.Sent.Exists(frame => frame.Word > 0 && frame.At >= turn.From - 2_000.Ms() && frame.At <= turn.To + 500.Ms()));

    /// <summary>
    /// Where noise passes for a voice, an <c>interrupted</c> out of nothing looks like the user's: nothing that upstream has said by
    /// then tells them apart, and whoever speaks into a reply must not have to wait. What follows of the reply is a turn of its own.
    /// </summary>
    public static bool InterruptionsMayBeNobodys(VirtualConversation conversation) =>
        NoisePassesForAVoice(conversation) && HasSpuriousInterruptions(conversation);

    /// <summary>
    /// The same for one reply. Where two things were said that were not answered when it began, an <c>interrupted</c> out of nothing
    /// may be the second's.
    /// </summary>
    public static bool InterruptionMayBeNobodys(VirtualConversation conversation, HeardTurn turn) =>
        InterruptionsMayBeNobodys(conversation)
        || (HasSpuriousInterruptions(conversation) && ClientView.Said(conversation, DateTimeOffset.MinValue, turn.From, ClientView.AnsweredBefore(conversation, turn)).Count() > 1);

    private static bool HasSpuriousInterruptions(VirtualConversation conversation) =>
        conversation.Schedule.Faults.Any(fault => fault.Action == FaultAction.SpuriousInterrupted);

    public static bool UserTextIsExact(VirtualConversation conversation) =>
        !ALostLinkTakesTranscriptsAlong(conversation)
        && !SilenceMayBeRight(conversation)
        && !UpstreamMishears(conversation)
        && !UpstreamSplitsAWord(conversation)
        && !NoiseHidesWhoseWordsAreLate(conversation);
}
