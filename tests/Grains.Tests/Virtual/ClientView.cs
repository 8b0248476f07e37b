using Orchestrator.Journal;
using Orchestrator.Testing.Promises;

namespace Orchestrator.Grains.Tests.Virtual;

/// <summary>What the client heard, cut into turns.</summary>
internal static class ClientView
{
    public static IReadOnlyList<HeardTurn> Turns(VirtualClient client)
    {
        var turns = new List<HeardTurn>();
        var open = new List<Heard>();
        foreach (var heard in client.Output)
        {
            open.Add(heard);
            if (heard.TurnComplete)
            {
                turns.Add(Turn(client, open, ended: true));
                open.Clear();
            }
        }

        if (open.Exists(heard => heard.Audio.Length > 0))
        {
            turns.Add(Turn(client, open, ended: false));
        }

        return turns;
    }

    private static HeardTurn Turn(VirtualClient client, List<Heard> frames, bool ended)
    {
        var spoken = frames.Where(frame => frame.Audio.Length > 0).ToList();
        return new HeardTurn(
            [.. spoken.SelectMany(frame => frame.Audio)],
            string.Concat(frames.Select(frame => frame.Output)),
            frames.Exists(frame => frame.Interrupted),
            ended,
            frames[^1].InProgress,
            spoken.Count > 0 ? spoken[0].At : frames[0].At,
            frames[^1].At)
        {
            Parts = [.. spoken.Select(frame => frame.Audio)],
            Calls = client.Calls.Exists(call => call.Life == frames[0].Life && call.Seq >= frames[0].Seq && call.Seq <= frames[^1].Seq),
        };
    }

    /// <summary>Input position up to which the replies before that turn had answered what the user said.</summary>
    public static long AnsweredBefore(VirtualConversation conversation, HeardTurn turn) => conversation.Journal.Durable
        .Where(entry => entry.At < turn.From).Select(entry => entry.Fact).OfType<TurnCommitted>()
        .Where(fact => fact is { Ending: not TurnEnding.Cut, InteractionOpen: false }).Select(fact => fact.InputTo).DefaultIfEmpty(0).Max();

    /// <summary>What of the plan was being said between two moments, after an input position.</summary>
    public static IEnumerable<PlannedTurn> Said(VirtualConversation conversation, DateTimeOffset from, DateTimeOffset to, long after = 0)
    {
        var words = conversation.Client.Sent.Skip((int)after).Where(frame => frame.Word > 0 && frame.At >= from && frame.At <= to).Select(frame => frame.Word).ToHashSet();
        return conversation.Said.Where(turn => words.Overlaps(Enumerable.Range(turn.First, turn.Count)));
    }
}
