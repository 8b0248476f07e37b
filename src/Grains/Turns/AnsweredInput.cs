using Orchestrator.Grains.Conversations;
using Orchestrator.Grains.Recovery;

namespace Orchestrator.Grains.Turns;

/// <summary>
/// Which of the user's words a reply is an answer to, as an input position. Upstream does not say; it hears later than we send,
/// and much later behind a replay. What is not answered is sent again to the next connection, what is answered never.
/// </summary>
internal static class AnsweredInput
{
    /// <summary>Frames of an utterance that has only begun (20 ms each, mostly): too few for upstream to have heard it to its end.</summary>
    private const long JustBegun = SpuriousInterruption.CrossingMs / 20;

    /// <summary>The same while upstream is still behind with a replay.</summary>
    private const long JustBegunBehind = 75;

    /// <summary>Nobody begins to answer sooner than that: what was typed or told later has not reached the model when its reply begins.</summary>
    public const long SoonestMs = 200;

    /// <summary>What a reply that begins now can be an answer to: nothing that still waits behind a replay, and not an
    /// utterance that is still going on. What merely sounds like one is noise, unless the client marks its turns.</summary>
    public static long ByAReplyThatBegins(Transition t)
    {
        ref var media = ref t.State.Media;
        var sent = Math.Min(media.LastMeaningful, media.SentTo);
        if (media.Said.IsNoise)
        {
            // Upstream has found the end of what it answers a while ago; what noise hides since then it has still to hear. What was
            // typed is no sound: had it not been there before the reply, it would interrupt it.
            var heard = t.State.Draft.Pieces.FindLast(piece => piece.Seq <= sent && t.Now - piece.AtMs >= SoonestMs);
            return Math.Max(sent - Math.Max(0, JustBegun - FramesMissing(t)), heard.Seq);
        }

        if (media.Said.NewestSent(media.SentTo) is not { } newest || !media.Said.IsUnfinished(newest, media.SentTo)
            || (!t.State.Rules.ManualActivity && newest.End <= media.SentTo && t.Now - media.LastVoicedAt >= t.State.Rules.SilenceMs))
        {
            return sent;
        }

        var begun = t.State.Link is LinkState.Live live && t.Now < live.BehindUntil ? JustBegunBehind : JustBegun;
        if (t.State.Rules.ManualActivity || (media.SentTo - newest.Start < begun && !IsTranscribedQuestion(t.State, newest)))
        {
            return Math.Min(sent, newest.Before);
        }

        media.Said.Mistrust();
        return sent;
    }

    /// <summary>The client sends nothing, noise neither: so many frames of the last moment do not exist.</summary>
    private static long FramesMissing(Transition t) =>
        t.State.Media is { LastVoicedAt: not 0 } media && media.SentTo >= media.LastMeaningful ? (t.Now - media.LastVoicedAt) / 20 : 0;

    /// <summary>Nothing else was said since what is settled, and words of it were heard: who replies has found its end, however short it is.</summary>
    private static bool IsTranscribedQuestion(ConversationState state, UserSpan newest) =>
        newest.Before <= state.CommittedTo && state.Draft.UserText.Length > state.Draft.Typed.Length;

    /// <summary>Whatever interrupted a reply was not answered by it.</summary>
    public static long ByAReplyThatIsInterrupted(ConversationState state)
    {
        var answered = state.Draft.AnsweredTo;
        ref var media = ref state.Media;
        var typed = TypedBesideAQuestion(state);
        var interrupting = typed ?? media.Said.NewestSent(media.SentTo);
        if (typed is null && interrupting is { } newest && (newest.Start <= answered || (!HasGoneOn(state) && state.Draft.Pieces.IsEmpty)) && state.Link is LinkState.Live { BeganBehind: true })
        {
            // All of it was said before the reply began, and upstream is behind with a replay: there, answers come in the order of the
            // questions. What is typed overtakes speech.
            interrupting = media.Said.SecondAfter(media.Said.PassedAfter(state.CommittedTo, state.Draft.HeardMs)) ?? media.Said.SecondAfter(state.CommittedTo);
        }

        // Where nothing separates what was asked from what interrupted, only the moment of the reply is left to go by.
        return interrupting?.Before > state.CommittedTo
            ? Math.Min(answered, interrupting.Value.Before)
            : Math.Max(answered, state.CommittedTo);
    }

    /// <summary>What was typed beside something that was said: sent shortly before the reply, behind a replay, it is what interrupts, whatever sounds like a voice since.</summary>
    private static UserSpan? TypedBesideAQuestion(ConversationState state) =>
        state.Draft.Pieces is [.., var typed] && state.Draft.UserText.Length > typed.Text.Length
        && state.Link is LinkState.Live { BeganBehind: true } && typed.Seq > state.Draft.AnsweredTo - (JustBegunBehind - JustBegun)
            ? new UserSpan(typed.Seq, typed.Seq, typed.Seq - 1)
            : null;

    /// <summary>
    /// Nobody says so much in less time. A new session transcribes nothing but what was sent to it; once something of that is settled,
    /// what it has transcribed may be of that, and says nothing.
    /// </summary>
    public static long CertainlyHeardMs(ConversationState state) =>
        state.Link is LinkState.Live { Plan: not ResumePlan.Resume } live && live.Plan.ReplayAfter >= state.CommittedTo
            ? state.Transcribed.CharsOn(live.Link) * 1_000L / UserTranscript.MostCharsPerSecond
            : 0;

    /// <summary>The user has said something since the reply began.</summary>
    private static bool HasGoneOn(ConversationState state) =>
        UserTurn.UserSpeaksAgain(state) || (state.Link is LinkState.Live live && state.Draft.NextAskedAt > live.AnsweringSince);

    /// <summary>A reply begins: may something that the user has said already interrupt it?</summary>
    public static bool MayInterrupt(Transition t) =>
        t.State.Draft.Crosses || IsInterruptedByTheNext(t) || WasTypedJustNow(t) || IsOvertakenByAResult(t.State)
        || (!t.State.Rules.ManualActivity && t.State.Media.LastVoicedAt != 0 && t.Now - t.State.Media.LastVoicedAt < SpuriousInterruption.CrossingMs);

    /// <summary>
    /// A turn ends, and the user had gone on: may that interrupt the next reply? One thing that was said has interrupted already,
    /// or is what the next reply answers; only a second one interrupts that. Where words were miscounted, nobody knows.
    /// </summary>
    public static bool MayInterruptTheNext(ConversationState state) => state.Draft.Crosses
        ? state.Media.LastMeaningful > state.Draft.AnsweredTo
        : state.Media.Said.SecondAfter(state.Draft.AnsweredTo) is not null;

    /// <summary>Behind a replay, upstream hears more than one thing that was said long ago: the second interrupts the reply to the first.</summary>
    private static bool IsInterruptedByTheNext(Transition t) =>
        t.State.Link is LinkState.Live live && t.Now < live.BehindUntil && t.State.Media.Said.SecondAfter(t.State.CommittedTo) is not null;

    private static bool WasTypedJustNow(Transition t) => t.State.Draft.Pieces is [.., var typed] && t.Now - typed.AtMs < SoonestMs;

    /// <summary>The model was told a result that it has not spoken about: a reply that begins may be about that, and the user's question interrupts it.</summary>
    private static bool IsOvertakenByAResult(ConversationState state) =>
        state.Link is LinkState.Live live && state.Media.LastMeaningful > state.CommittedTo && state.Tools.HasToSpeakAbout(live.Link);
}
