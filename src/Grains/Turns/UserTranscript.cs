using Orchestrator.Grains.Conversations;
using Orchestrator.Journal;

namespace Orchestrator.Grains.Turns;

/// <summary>What upstream transcribes of the user's speech: each word goes to its turn, and to the client once.</summary>
internal static class UserTranscript
{
    /// <summary>Nobody says more in a second of voice, whatever the language.</summary>
    internal const int MostCharsPerSecond = 30;

    /// <summary>Words of a question that is not answered come within this time after it.</summary>
    private const long WordsDueMs = 10_000;

    /// <summary>Takes what was transcribed.</summary>
    /// <returns>What of it is news to the client, when some of it is not; null when all is.</returns>
    public static string? Heard(Transition t, string text)
    {
        if (text.Length == 0)
        {
            return null;
        }

        var transcribed = t.State.Transcribed;
        t.State = t.State with { Transcribed = transcribed.Add(text, t.State.Links, t.State.Media.Said.NewestSent(t.State.Media.SentTo)?.Start ?? 0) };
        var draft = t.State.Draft;
        if (draft.Withheld > 0 || draft.Unwritten > 0)
        {
            var known = Math.Min(draft.Withheld, text.Length);
            var written = Math.Min(draft.Unwritten, text.Length);
            t.State = t.State with
            {
                Draft = draft with
                {
                    Withheld = draft.Withheld - known,
                    Unwritten = draft.Unwritten - written,
                    Shown = draft.Shown + text.Length - known,
                    UserText = draft.UserText + text[written..],
                },
            };
            return text[known..];
        }

        if (draft.DueAgain.Length > 0)
        {
            // Words in front of it came late, and are of a turn that was not replayed.
            var at = draft.DueAgain.IndexOf(text, StringComparison.Ordinal);
            t.State = t.State with
            {
                Draft = draft with
                {
                    DueAgain = at >= 0 ? draft.DueAgain[(at + text.Length)..] : "",
                    DueWritten = at >= 0 ? Math.Max(0, draft.DueWritten - at - text.Length) : 0,
                },
            };
            if (at >= 0)
            {
                if (Math.Clamp(draft.DueWritten - at, 0, text.Length) is var written && written < text.Length)
                {
                    Write(t, text[written..], shown: 0);
                }

                return "";
            }
        }

        if (IsRepeated(t, transcribed, text))
        {
            t.Count("transcriptRepeated");
            t.State = t.State with { Transcribed = transcribed };
            return "";
        }

        Write(t, text, text.Length);
        return null;
    }

    /// <param name="shown">Characters of it that the client is told.</param>
    private static void Write(Transition t, string text, int shown)
    {
        var draft = t.State.Draft;
        if (UserTurn.UserSpeaksAgain(t.State))
        {
            t.State = t.State with
            {
                Draft = draft with { NextUserText = draft.NextUserText + text, NextShown = draft.NextShown + shown },
            };
        }
        else if (t.State.IsQuiet && t.State.Turns > 0)
        {
            // Input transcripts keep no order with the rest: this one is late, its turn is already written.
            t.Append(new TurnAmended(t.State.Turns, text, ModelText: null, Usage: null));
            t.State = t.State with { History = SpokenText.Add(t.State.History, t.State.Turns, text, modelText: "") };
        }
        else
        {
            t.State = t.State with
            {
                Draft = draft with { UserText = draft.UserText + text, Shown = draft.Shown + shown },
            };
        }
    }

    /// <summary>
    /// Seen up to a minute later: all the words of a turn once more (dossier §7, #3). A user may say the same again, so they are
    /// dropped only when that cannot be: more words than anybody could have said in the time that he was heard, or the words of
    /// a question that upstream has not answered, long after it.
    /// </summary>
    private static bool IsRepeated(Transition t, TranscribedPieces transcribed, string text)
    {
        var (state, draft) = (t.State, t.State.Draft);
        if (state.Turn is TurnState.AwaitingModel awaiting && t.Now - awaiting.SinceMs > WordsDueMs && Same(draft.UserText, text))
        {
            return true;
        }

        var known = draft.UserText.Length - draft.Typed.Length + draft.NextUserText.Length - draft.NextTyped.Length;
        var voicedMs = draft.Speech.VoicedMs + state.Media.VoicedMs;
        var most = voicedMs * MostCharsPerSecond;
        if ((known + text.Length) * 1_000L <= most || (known == 0 && AwaitsWords(state)))
        {
            return false;
        }

        // Where the words before were too many already, voice tells nothing about those that follow them.
        return transcribed.Have(text, inThisTurn: known > 0 && known * 1_000L <= most) || (LastSaid(state) is { } last && Same(last.Text, text));
    }

    /// <summary>What the user said last is settled and has no words yet; they may come at any time.</summary>
    private static bool AwaitsWords(ConversationState state) => state.InteractionOpen
        ? state.Draft.Journaled == 0
        : LastSaid(state) is { IsNote: true };

    private static SpokenText? LastSaid(ConversationState state) => state.History.FindLast(said => said.Speaker == Speaker.User);

    /// <summary>The same words, or most of them: late ones may stand in another turn than upstream's.</summary>
    private static bool Same(string known, string text) =>
        text.AsSpan().Trim() is var again && again.Length * 2 > known.Length && known.AsSpan().Contains(again, StringComparison.Ordinal);
}
