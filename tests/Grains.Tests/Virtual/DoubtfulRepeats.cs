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
        var length = CharsInMs(heard);
        if (length <= Room(conversation, settled, read, heard.At))
        {
            return true;
        }

        // What the user said last is not transcribed yet.
        return settled.FindLast(turn => turn.User is not null) is { User.Text: "" } silent && !read.Exists(before => before.Seq > silent.OutputSeq)
            && length <= VoicedMs(conversation, silent.InputFrom - 1, long.MaxValue, heard.At);
    }

    /// <summary>
    /// What the user could have said, since the turn that was settled last, beside what was read since. What is read after a turn
    /// is its own for as long as its voice lasts: transcripts come late, and where one did, all that follow it may.
    /// </summary>
    private static long Room(VirtualConversation conversation, IReadOnlyList<TurnCommitted> settled, List<Heard> read, DateTimeOffset now)
    {
        var (from, since, room) = (0L, 0L, 0L);
        foreach (var (to, end) in settled.Select(turn => (turn.InputTo, turn.OutputSeq)).Append((long.MaxValue, long.MaxValue)))
        {
            var late = Math.Max(0, room);
            room = VoicedMs(conversation, from, to, now);
            foreach (var length in read.Where(before => before.Seq > since && before.Seq <= end).Select(CharsInMs))
            {
                if (length <= late)
                {
                    late -= length;
                    continue;
                }

                // One stream: what follows is not late either.
                (late, room) = (0, room - length);
            }

            (from, since) = (to, end);
        }

        return room;
    }

    /// <summary>The least time that it takes to say so many characters.</summary>
    private static long CharsInMs(Heard heard) => heard.Input.Length * 1_000L / MostCharsPerSecond;

    private static long VoicedMs(VirtualConversation conversation, long after, long to, DateTimeOffset now) =>
        conversation.Client.Sent.Take((int)Math.Min(to, int.MaxValue)).Skip((int)after).Where(frame => frame.Voiced && frame.At <= now).Sum(frame => frame.AudioMs);
}
