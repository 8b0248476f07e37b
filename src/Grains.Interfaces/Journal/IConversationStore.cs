namespace Orchestrator.Journal;

/// <summary>How far an append must have got before it completes.</summary>
public enum Durability
{
    /// <summary>Accepted in order; survives a crash of the process.</summary>
    Written,
    /// <summary>Survives a crash of the machine as well.</summary>
    Flushed,
}

/// <summary>Proof of ownership: only appends with the newest epoch of a conversation are accepted.</summary>
public sealed record Ownership(TenantId Tenant, ConversationId Conversation, string Owner, long Epoch);

/// <summary>The journal as it was read, with what was wrong with it.</summary>
/// <param name="TornBytes">Bytes of an unfinished last write that were cut off; 0 in a clean journal.</param>
public sealed record LoadedJournal(IReadOnlyList<JournalEntry> Entries, long TornBytes);

/// <summary>
/// Where conversations are owned and persisted: the one seam behind the grain.
/// All members may be called concurrently; appends of one conversation come from its owner, one at a time.
/// </summary>
public interface IConversationStore
{
    /// <summary>
    /// Takes ownership with a new epoch; the claim is durable before this completes, so whatever
    /// is loaded afterwards cannot be appended to by an older owner. Creates the conversation if it is new.
    /// </summary>
    /// <exception cref="ConversationNotFoundException">It exists under another tenant, or <paramref name="mustExist"/> and it does not.</exception>
    Task<Ownership> ClaimAsync(TenantId tenant, ConversationId conversation, string owner, bool mustExist, CancellationToken cancellation);

    /// <summary>Reads the whole journal, oldest first.</summary>
    /// <exception cref="ConversationNotFoundException">Unknown, or another tenant's.</exception>
    /// <exception cref="JournalDamagedException">It is damaged before its tail.</exception>
    Task<LoadedJournal> LoadAsync(TenantId tenant, ConversationId conversation, CancellationToken cancellation);

    /// <summary>Facts after a position, oldest first: what somebody who has read those before does not know yet.</summary>
    /// <exception cref="ConversationNotFoundException">Unknown, or another tenant's.</exception>
    /// <exception cref="JournalDamagedException">It is damaged, as far as was read.</exception>
    async Task<IReadOnlyList<JournalEntry>> ReadAfterAsync(TenantId tenant, ConversationId conversation, long after, CancellationToken cancellation) =>
        [.. (await LoadAsync(tenant, conversation, cancellation)).Entries.Where(entry => entry.Position > after)];

    /// <summary>
    /// Appends entries whose positions follow the last one, all or nothing. The last append may be repeated, entry by entry the
    /// same: it is then in the journal once.
    /// </summary>
    /// <exception cref="OwnershipLostException">A newer epoch exists; the caller must stop.</exception>
    /// <exception cref="ArgumentException">Other positions follow; nothing was appended.</exception>
    /// <exception cref="IOException">Nothing was appended (full disk, lost directory), or it is unknown whether it was (lost
    /// connection). The same append may be repeated; nothing else may be appended before it succeeded.</exception>
    Task AppendAsync(Ownership ownership, IReadOnlyList<JournalEntry> entries, Durability durability, CancellationToken cancellation);

    /// <summary>
    /// Gives ownership up so that the next claimant need not wait. Idempotent. It is a courtesy and does not fail when the store is
    /// unavailable: an ownership that could not be given up ends with the next claim.
    /// </summary>
    Task ReleaseAsync(Ownership ownership, CancellationToken cancellation);

    /// <summary>Ids of a tenant's conversations, newest first, strictly older than <paramref name="before"/> when given.</summary>
    Task<IReadOnlyList<ConversationId>> ListAsync(TenantId tenant, ConversationId? before, int limit, CancellationToken cancellation);
}

/// <summary>No such conversation for this tenant.</summary>
public sealed class ConversationNotFoundException(ConversationId conversation)
    : Exception($"Conversation {conversation} does not exist.");

/// <summary>Another owner has claimed the conversation since.</summary>
public sealed class OwnershipLostException(ConversationId conversation, long epoch)
    : Exception($"Conversation {conversation} is no longer owned at epoch {epoch}.");

/// <summary>The journal cannot be trusted beyond a place in its middle.</summary>
public sealed class JournalDamagedException(string message) : Exception(message);
