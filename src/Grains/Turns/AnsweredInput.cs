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

    /// <summary>What a reply that begins now can be an answer to: nothing that still waits behind a replay, and not an
    /// utterance that is still going on. What merely sounds like one is noise, unless the client marks its turns.</summary>
    public static long ByAReplyThatBegins(Transition t)
    {
        ref var media = ref t.State.Media;
        var sent = Math.Min(media.LastMeaningful, media.SentTo);
        if (media.Said.NewestSent(media.SentTo) is not { } newest || !media.Said.IsUnfinished(newest, media.SentTo)
            || (!t.State.Rules.ManualActivity && newest.End <= media.SentTo && t.Now - media.LastVoicedAt >= t.State.Rules.SilenceMs))
        {
            return sent;
        }

        var begun = t.State.Link is LinkState.Live live && t.Now < live.BehindUntil ? JustBegunBehind : JustBegun;
        if (t.State.Rules.ManualActivity || media.SentTo - newest.Start < begun)
        {
            return Math.Min(sent, newest.Before);
        }

        media.Said.Mistrust();
        return sent;
    }

    /// <summary>Whatever interrupted a reply was not answered by it.</summary>
    public static long ByAReplyThatIsInterrupted(ConversationState state)
    {
        var answered = state.Draft.AnsweredTo;
        ref var media = ref state.Media;
        var interrupting = media.Said.NewestSent(media.SentTo);
        if (interrupting?.Start <= answered && state.Link is LinkState.Live live && live.AnsweringSince < live.BehindUntil)
        {
            // All of it left before the reply began, because upstream is behind with a replay: there, answers come in the order of the questions.
            interrupting = media.Said.SecondAfter(state.CommittedTo);
        }

        // Where nothing separates what was asked from what interrupted, only the moment of the reply is left to go by.
        return interrupting?.Before > state.CommittedTo
            ? Math.Min(answered, interrupting.Value.Before)
            : Math.Max(answered, state.CommittedTo);
    }
}
