using Orchestrator.Testing.Promises;
using Xunit;
using Orchestrator.Journal;

namespace Orchestrator.Grains.Tests.Virtual;

/// <summary>P1, from the client's side: one session, in which everything is said once and nothing is cut without a reason.</summary>
internal sealed class SoundCheck(VirtualConversation conversation, IReadOnlyList<HeardTurn> turns)
{
    public void Check()
    {
        SoundOrder.Check(turns, [.. conversation.World.ReadSessions().SelectMany(session => conversation.World.ReadModelAudio((string)session!["session"]!)!)]);
        AnswersAreWhole();

        // A client that is away, or behind a slow journal, hears of it later than it happened.
        if (conversation.Schedule is { ClientLosses.Count: 0, JournalDelay.MaxMs: < 100, JournalOutage: null } && conversation.Lives == 1 && !Exclusions.InterruptionsMayBeNobodys(conversation))
        {
            InterruptionsHaveACause();
        }
    }

    /// <summary>No turn is empty, and no sentence stops in its middle unless it was cut. What follows a reply that nobody may have interrupted may be no more than its end.</summary>
    private void AnswersAreWhole()
    {
        foreach (var (turn, i) in turns.Select((turn, i) => (turn, i)).Where(pair => pair.turn is { Ended: true, Interrupted: false }))
        {
            Assert.True(turn.Audio.Length > 0 || turn.Calls || Exclusions.TurnsMayBeEmpty(conversation) || (i > 0 && turns[i - 1].Interrupted && Exclusions.InterruptionMayBeNobodys(conversation, turns[i - 1])), $"Turn {i + 1} is empty.");
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
            var spoke = ClientView.Said(conversation, turn.From - 2_000.Ms(), turn.To).Any() || ClientView.Said(conversation, since, turn.To).Count() > 1 || ClientView.Said(conversation, DateTimeOffset.MinValue, turn.To, ClientView.AnsweredBefore(conversation, turn)).Count() > 1;
            var lost = conversation.Journal.Durable.Exists(entry => entry.Fact is LinkLost or LinkRecovered { Kind: "takeover" } or ClientAttached { Generation: > 1 } && entry.At >= turn.From && entry.At <= turn.To);
            Assert.True(spoke || lost, $"Turn {i + 1} was interrupted though nobody spoke and no connection was lost.");
        }
    }
}
