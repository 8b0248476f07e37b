using System.Text;
using Orchestrator.Journal;
using Orchestrator.Reading;

namespace Orchestrator.Api.Rest;

/// <summary>
/// A transcript as WebVTT (https://www.w3.org/TR/webvtt1/): a cue per utterance, the speaker as its voice; what was
/// broken off has the class <c>interrupted</c> or <c>cut</c>.
/// </summary>
internal static class TranscriptVtt
{
    public static string Render(Transcript transcript)
    {
        var vtt = new StringBuilder("WEBVTT\n");
        // §4.1: no cue may begin before the one above it. A turn's user may well have spoken over the last answer.
        foreach (var (id, said, voice) in transcript.Turns.SelectMany(Cues).OrderBy(cue => Math.Max(0, cue.Said.StartMs)))
        {
            var start = Math.Max(0, said.StartMs);
            // A cue must end after it begins.
            var end = Math.Max(start + 1, said.EndMs);
            vtt.Append('\n').Append(id).Append('\n')
                .Append(TranscriptText.Clock(start)).Append(" --> ").Append(TranscriptText.Clock(end)).Append('\n')
                .Append('<').Append(voice).Append('>').Append(Escape(said.Text)).Append("</v>\n");
        }

        return vtt.ToString();
    }

    private static IEnumerable<(string Id, Utterance Said, string Voice)> Cues(TranscriptTurn turn)
    {
        if (turn.User is { } user && !string.IsNullOrWhiteSpace(user.Text))
        {
            yield return ($"{turn.Turn}-user", user, "v User");
        }

        if (turn.Model is { } model && !string.IsNullOrWhiteSpace(model.Text))
        {
            yield return ($"{turn.Turn}-model", model, turn.Ending switch
            {
                TurnEnding.Interrupted => "v.interrupted Model",
                TurnEnding.Cut => "v.cut Model",
                _ => "v Model",
            });
        }
    }

    private static string Escape(string words) => TranscriptText.OneLine(words).Trim()
        .Replace("&", "&amp;", StringComparison.Ordinal)
        .Replace("<", "&lt;", StringComparison.Ordinal)
        .Replace(">", "&gt;", StringComparison.Ordinal);
}
