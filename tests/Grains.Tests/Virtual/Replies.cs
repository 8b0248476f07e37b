using Orchestrator.Testing.Promises;
using System.Globalization;
using Gemini.Live.Simulator.Model;

namespace Orchestrator.Grains.Tests.Virtual;

/// <summary>What the model says: no two replies share their words, so that each can be told wherever it turns up.</summary>
internal static class Replies
{
    public static string Ordinary(int nth) => Words('a', nth);

    public static IEnumerable<ScriptRule> For(IReadOnlyList<PlannedTurn> plan)
    {
        // The gateway's own words: asked for what is missing, the model says that; told something else, it says something.
        yield return new ScriptRule { Contains = ContextReader.NotePrefix, Reply = new ScriptedReply { Rest = true } };
        for (var i = 1; i <= 100; i++)
        {
            yield return new ScriptRule { Contains = ContextReader.NotePrefix, Times = 1, Reply = new ScriptedReply { Text = Words('n', i) } };
        }

        // However often the question is heard, it is answered with the same calls.
        foreach (var turn in plan.Where(turn => turn.Calls > 0))
        {
            yield return new ScriptRule
            {
                Contains = $"w{turn.Last}",
                Reply = new ScriptedReply
                {
                    Text = Words('c', turn.Last),
                    ToolCalls = [.. Enumerable.Range(1, turn.Calls).Select(n => new ScriptedCall { Name = "look", ArgsJson = $$"""{"asked":"{{Asked(turn, n)}}"}""" })],
                },
            };
        }

        for (var i = 1; i <= 40 + (plan.Count * 4); i++)
        {
            yield return new ScriptRule { Times = 1, Reply = new ScriptedReply { Text = Ordinary(i) } };
        }
    }

    /// <summary>The argument that tells the call from all others.</summary>
    public static string Asked(PlannedTurn turn, int nth) => $"q{turn.Last}n{nth}";

    /// <summary>The words are whole replies, each with its last word; other sentences are taken as they are.</summary>
    public static bool IsWhole(string text)
    {
        var words = text.Split([' ', '\n'], StringSplitOptions.RemoveEmptyEntries);
        for (var i = 0; i < words.Length; i++)
        {
            if (Part(words[i]) is not { } word)
            {
                continue;
            }

            var next = i + 1 < words.Length ? Part(words[i + 1]) : null;
            var ends = word.Index == Length(word.Nth) - 1;
            // The model may say a sentence, or the rest of one, again.
            if (ends ? next is { Index: not 0 } part && (part.Kind, part.Nth) != (word.Kind, word.Nth) : next != (word.Kind, word.Nth, word.Index + 1))
            {
                return false;
            }
        }

        return true;
    }

    private static string Words(char kind, int nth) => string.Join(' ', Enumerable.Range(0, Length(nth)).Select(word => $"{kind}{nth}x{word}"));

    private static int Length(int nth) => 3 + (nth * 7 % 5);

    private static (char Kind, int Nth, int Index)? Part(string word)
    {
        var x = word.IndexOf('x', StringComparison.Ordinal);
        return x > 1 && "acn".Contains(word[0], StringComparison.Ordinal)
            && int.TryParse(word.AsSpan(1, x - 1), NumberStyles.None, CultureInfo.InvariantCulture, out var nth)
            && int.TryParse(word.AsSpan(x + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var index)
            ? (word[0], nth, index)
            : null;
    }
}
