using Orchestrator.Journal;

namespace Orchestrator.Grains.Actor;

/// <summary>Makes facts durable in the order in which they are appended, and says so, off the mailbox.</summary>
internal interface IFactJournal
{
    void Append(JournalEntry entry, Durability durability);

    /// <summary>Completes when all that was appended is durable, or given up.</summary>
    /// <param name="patience">How long a failing write may still be tried.</param>
    Task FinishAsync(TimeSpan patience);
}

/// <summary>Opens the journal of an activation.</summary>
/// <param name="durable">Told of facts that are durable, in order.</param>
/// <param name="ownershipLost">Told when another silo owns the conversation.</param>
internal delegate IFactJournal OpenJournal(Action<IReadOnlyList<JournalEntry>> durable, Action ownershipLost);
