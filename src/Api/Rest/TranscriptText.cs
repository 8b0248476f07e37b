using System.Text;
using Orchestrator.Journal;
using Orchestrator.Reading;

namespace Orchestrator.Api.Rest;

/// <summary>A transcript for people: one line per utterance, with its time and how it ended.</summary>
internal static class TranscriptText
{
    public static string Render(Transcript transcript)
    {
        var text = new StringBuilder();
        foreach (var turn in transcript.Turns)
        {
            Line(text, turn.User, "User", "");
            foreach (var call in turn.ToolCalls)
            {
                text.Append("           [called ").Append(OneLine(call.Name)).Append(call switch
                {
                    { Cancelled: true } => ", cancelled",
                    { Response: null } => ", unanswered",
                    _ => "",
                }).Append("]\n");
            }

            Line(text, turn.Model, "Model", turn.Ending switch
            {
                TurnEnding.Interrupted => " [interrupted]",
                TurnEnding.Cut => " [cut off]",
                _ => "",
            });
        }

        return text.ToString();
    }

    private static void Line(StringBuilder text, Utterance? said, string who, string ending)
    {
        if (said is not null)
        {
            text.Append(Clock(said.StartMs)).Append(' ').Append(who).Append(": ").Append(OneLine(said.Text)).Append(ending).Append('\n');
        }
    }

    /// <summary><c>00:00:05.250</c>, as WebVTT wants it too.</summary>
    internal static string Clock(long ms)
    {
        var shown = Math.Clamp(ms, 0, (long)TimeSpan.FromDays(365).TotalMilliseconds);
        return $"{shown / 3_600_000:00}:{shown / 60_000 % 60:00}:{shown / 1000 % 60:00}.{shown % 1000:000}";
    }

    /// <summary>Words without anything that would begin another line or move a terminal's cursor.</summary>
    internal static string OneLine(string? words) => string.Create(words?.Length ?? 0, words ?? "", static (line, source) =>
    {
        for (var i = 0; i < line.Length; i++)
        {
            line[i] = char.IsControl(source[i]) || source[i] is '\u2028' or '\u2029' ? ' ' : source[i];
        }
    });
}
