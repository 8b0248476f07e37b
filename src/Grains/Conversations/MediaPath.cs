using Gemini.Live.Scanning;
using Orchestrator.Attach;
using Orchestrator.Grains.Recovery;
using Orchestrator.Grains.Turns;

namespace Orchestrator.Grains.Conversations;

/// <summary>
/// The part of the step that steady audio goes through: it touches counters in place and says whether the
/// rest of the step has anything to decide. No allocation.
/// </summary>
public static class MediaPath
{
    /// <summary>A silence in which any server would find the end of an utterance.</summary>
    private const long PauseMs = 400;

    private const InputTraits Sound = InputTraits.Audio | InputTraits.Voiced;
    private const ServerParts SpokenFrame = ServerParts.ServerContent | ServerParts.ModelAudio;

    /// <summary>Counts a client frame at its input position.</summary>
    /// <returns>True when a decision is due: apply <see cref="ConversationInput.ClientSent"/>.</returns>
    public static bool ObserveInput(ConversationState state, long seq, InputTraits traits, int audioMs, long nowMs)
    {
        ref var media = ref state.Media;
        media.LastInput = seq;
        Follow(state, ref media, seq, traits, audioMs);
        var voiced = (traits & InputTraits.Voiced) != 0;
        if (voiced)
        {
            if (media.FirstVoicedAt == 0)
            {
                media.FirstVoicedAt = Math.Max(1, nowMs - audioMs);
            }

            media.LastVoicedAt = nowMs;
            media.VoicedMs += audioMs;
            media.QuietMs = 0;
        }
        else
        {
            media.QuietMs += audioMs;
        }

        // Results are no words of the user's: the book of calls knows what is owed of them.
        if (voiced || (state.ActivityOpen && traits != InputTraits.ToolResponse) || (traits & ~(Sound | InputTraits.Video | InputTraits.ToolResponse)) != 0)
        {
            media.LastMeaningful = seq;
        }

        return (traits & ~(Sound | InputTraits.Video)) != 0
            || (state.Hold is { } hold && (voiced || hold.Overdue))
            || (!state.Rules.ManualActivity && SpeechTurns(state, voiced));
    }

    /// <summary>Counts a server frame that only carries audio of a model that is already speaking.</summary>
    /// <returns>True when that is all it is: pass it on unchanged. False: apply <see cref="ConversationInput.LinkMessage"/>.</returns>
    public static bool ObserveOutput(ConversationState state, int link, ServerParts parts, int audioMs, long nowMs)
    {
        if (parts != SpokenFrame || state.Turn is not TurnState.ModelSpeaking || state.Draft.OnlyThinks
            || state.Link is not LinkState.Live live || live.Link != link)
        {
            return false;
        }

        CountSpoken(state, audioMs, nowMs);
        return true;
    }

    internal static void CountSpoken(ConversationState state, int audioMs, long nowMs)
    {
        ref var media = ref state.Media;
        if (media.FirstSpokenAt == 0)
        {
            media.FirstSpokenAt = Math.Max(1, nowMs);
        }

        media.SpokenMs += audioMs;
    }

    /// <summary>Keeps track of where the user's utterances begin and end.</summary>
    private static void Follow(ConversationState state, ref MediaCounters media, long seq, InputTraits traits, int audioMs)
    {
        if ((traits & InputTraits.ActivityEnd) != 0)
        {
            media.Said.Continue(seq, media.LastMeaningful);
            media.Said.Close();
        }
        else if ((traits & (InputTraits.ActivityStart | InputTraits.Text | InputTraits.ContentComplete)) != 0)
        {
            media.Said.Begin(seq, media.LastMeaningful, goesOn: (traits & InputTraits.ActivityStart) != 0);
        }
        else if (state.Rules.ManualActivity ? state.ActivityOpen : (traits & InputTraits.Voiced) != 0)
        {
            media.Said.Continue(seq, media.LastMeaningful, audioMs);
        }
        else if (!state.Rules.ManualActivity && media.QuietMs >= PauseMs)
        {
            media.Said.Close();
        }
    }

    /// <summary>Automatic activity: voice begins a user turn, enough silence ends it.</summary>
    private static bool SpeechTurns(ConversationState state, bool voiced) => state.Turn switch
    {
        TurnState.Idle or TurnState.AwaitingModel => voiced,
        TurnState.UserSpeaking => !voiced && state.Media.QuietMs >= state.Rules.SilenceMs,
        _ => false,
    };
}
