namespace Orchestrator.Journal;

/// <summary>One fact at its place in a conversation's journal.</summary>
/// <param name="Position">From 1, without gaps; unique per conversation.</param>
/// <param name="At">When the owner recorded it, by the owner's clock.</param>
/// <param name="Fact">What happened.</param>
public sealed record JournalEntry(long Position, DateTimeOffset At, ConversationFact Fact);
