using Orchestrator.Testing.Promises;
using Gemini.Live.Simulator.Faults;
using Orchestrator.Journal;

namespace Orchestrator.Grains.Tests.Virtual;

/// <summary>
/// Transcripts that upstream repeated, and that the user may have said again: with each it had said no more than anybody could
/// have said in the time that the user was heard since the turn before. Upstream tells neither when a word was spoken nor that it
/// repeats itself, and who is asked for his words again says them again: nobody can know.
/// </summary>
internal static class DoubtfulRepeats
{
    /// <summary>Nobody says more in a second.</summary>
    private const int MostCharsPerSecond = 30;

    /// <summary>The words that may stand twice, one for each time.</summary>
    public static IReadOnlyList<int> Words(VirtualConversation conversation)
    {
        if (!conversation.Schedule.Faults.Any(fault => fault.Action == FaultAction.DuplicateTranscription))
        {
            return [];
        }

        var turns = conversation.Journal.Durable.Select(entry => entry.Fact).OfType<TurnCommitted>().Where(turn => turn is { InteractionOpen: false } and ({ Continues: true } or { Ending: not TurnEnding.Cut })).ToList();
        var read = new List<Heard>();
        var words = new List<int>();
        foreach (var heard in conversation.Client.Output.Where(heard => heard.Input.Length > 0))
        {
            var numbers = ContextReader.Numbers(heard.Input).ToList();
            if (numbers.Exists(number => read.Exists(before => ContextReader.Numbers(before.Input).Contains(number))) && MayBeSaid(conversation, turns, read, heard))
            {
                words.AddRange(numbers);
            }

            read.Add(heard);
        }

        return words;
    }

    /// <summary>Leaves one of each word that stands twice, the earlier.</summary>
    public static void Forgive<T>(this List<T> known, IEnumerable<int> words, Func<T, int> number)
    {
        foreach (var word in words)
        {
            if (known.FindIndex(item => number(item) == word) is var first && known.FindLastIndex(item => number(item) == word) is var last && last > first)
            {
                known.RemoveAt(last);
            }
        }
    }

    private static bool MayBeSaid(VirtualConversation conversation, IEnumerable<TurnCommitted> turns, List<Heard> read, Heard heard)
    {
        var settled = turns.Where(turn => turn.OutputSeq < heard.Seq).ToList();
        var (from, since) = settled is [.., var last] ? (last.InputTo, last.OutputSeq) : (0, 0);
        if (!read.Exists(before => before.Seq > since) && settled.FindLast(turn => turn.User is not null) is { User.Text: "" } silent && !read.Exists(before => before.Seq > silent.OutputSeq))
        {
            // What the user said last is not transcribed yet.
            (from, since) = (silent.InputFrom - 1, silent.OutputSeq);
        }

        var chars = heard.Input.Length + read.Where(before => before.Seq > since).Sum(before => before.Input.Length);
        var voicedMs = conversation.Client.Sent.Skip((int)from).Where(frame => frame.Voiced && frame.At <= heard.At).Sum(frame => frame.AudioMs);
        return chars * 1_000L <= voicedMs * (long)MostCharsPerSecond;
    }
}
