using Xunit;
using Orchestrator.Journal;

namespace Orchestrator.Grains.Tests.Virtual;

/// <summary>P1, from the client's side: one session, in which everything is said once and nothing is cut without a reason.</summary>
internal sealed class SoundCheck(VirtualConversation conversation, IReadOnlyList<HeardTurn> turns)
{
    public void Check()
    {
        AudioIsWhatWasSaid();
        AnswersAreWhole();

        // A client that is away, or behind a slow journal, hears of it later than it happened.
        if (conversation.Schedule is { ClientLosses.Count: 0, JournalDelay.MaxMs: < 100, JournalOutage: null } && conversation.Lives == 1 && !Exclusions.InterruptionsMayBeNobodys(conversation))
        {
            InterruptionsHaveACause();
        }
    }

    /// <summary>Every turn's audio is what some session said, and no later turn's audio was said before an earlier one's.</summary>
    private void AudioIsWhatWasSaid()
    {
        var wire = conversation.World.ReadSessions()
            .SelectMany(session => conversation.World.ReadModelAudio((string)session!["session"]!)!).ToArray();
        var from = 0;
        foreach (var (turn, i) in turns.Select((turn, i) => (turn, i)))
        {
            // An interrupted reply may have lost audio that nobody will miss, and one that stopped early went on later.
            foreach (var part in turn.Interrupted ? turn.Parts : [turn.Audio])
            {
                var at = wire.AsSpan(from).IndexOf(part);
                Assert.True(at >= 0, $"Audio of turn {i + 1} ({part.Length} of {turn.Audio.Length} bytes) is not what the model said next.");
                from += at + part.Length;
            }
        }
    }

    /// <summary>No turn is empty, and no sentence stops in its middle unless it was cut.</summary>
    private void AnswersAreWhole()
    {
        foreach (var (turn, i) in turns.Select((turn, i) => (turn, i)).Where(pair => pair.turn is { Ended: true, Interrupted: false }))
        {
            Assert.True(turn.Audio.Length > 0 || turn.Calls || Exclusions.TurnsMayBeEmpty(conversation), $"Turn {i + 1} is empty.");
            Assert.True(Replies.IsWhole(turn.Words) || Exclusions.RestMayBeMissing(conversation, turn), $"Turn {i + 1} stops in the middle: '{turn.Words}'.");
        }
    }

    /// <summary>The user had said something, or the connection was lost, while that reply was coming.</summary>
    private void InterruptionsHaveACause()
    {
        foreach (var (turn, i) in turns.Select((turn, i) => (turn, i)).Where(pair => pair.turn.Interrupted))
        {
            // What the user said may have crossed the beginning of the reply, or have waited with the question for a connection: a
            // filler answers nothing, and a reply nothing that was said after it had begun, or that is not journaled as its question.
            var since = turns.Take(i).Where(before => before is { Interrupted: false, InProgress: false, Audio.Length: > 0 }).Select(before => before.From).DefaultIfEmpty(DateTimeOffset.MinValue).Max();
            var spoke = Said(turn.From - 2_000.Ms(), turn.To).Any() || Said(since, turn.To).Count() > 1 || Said(DateTimeOffset.MinValue, turn.To, AnsweredBefore(turn)).Count() > 1;
            var lost = conversation.Journal.Durable.Exists(entry => entry.Fact is LinkLost or LinkRecovered { Kind: "takeover" } or ClientAttached { Generation: > 1 } && entry.At >= turn.From && entry.At <= turn.To);
            Assert.True(spoke || lost, $"Turn {i + 1} was interrupted though nobody spoke and no connection was lost.");
        }
    }

    /// <summary>Input position up to which the replies before that turn had answered what the user said.</summary>
    private long AnsweredBefore(HeardTurn turn) => conversation.Journal.Durable
        .Where(entry => entry.At < turn.From).Select(entry => entry.Fact).OfType<TurnCommitted>()
        .Where(fact => fact is { Ending: not TurnEnding.Cut, InteractionOpen: false }).Select(fact => fact.InputTo).DefaultIfEmpty(0).Max();

    /// <summary>What of the plan was being said between two moments, after an input position.</summary>
    private IEnumerable<PlannedTurn> Said(DateTimeOffset from, DateTimeOffset to, long after = 0)
    {
        var words = conversation.Client.Sent.Skip((int)after).Where(frame => frame.Word > 0 && frame.At >= from && frame.At <= to).Select(frame => frame.Word).ToHashSet();
        return conversation.Said.Where(turn => words.Overlaps(Enumerable.Range(turn.First, turn.Count)));
    }
}
