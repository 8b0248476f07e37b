using Orchestrator.Journal;

namespace Orchestrator.Cluster;

/// <summary>Who a conversation is recorded to belong to.</summary>
/// <param name="Epoch">Of the newest claim.</param>
/// <param name="Address">Of the owner's process, if it is registered.</param>
/// <param name="IsAlive">That very process has sent a heartbeat lately.</param>
public sealed record ConversationOwner(string Silo, long Incarnation, long Epoch, Uri? Address, bool IsAlive);

/// <summary>Where conversations are, and which ones nobody looks after.</summary>
public interface IOwnershipDirectory
{
    /// <summary>The recorded owner; null when nobody owns the conversation, or the tenant has no such one.</summary>
    /// <exception cref="IOException">The directory is unavailable.</exception>
    Task<ConversationOwner?> FindOwnerAsync(TenantId tenant, ConversationId conversation, CancellationToken cancellation);

    /// <summary>
    /// Claims conversations that have not ended, cannot be resumed any more, and have no living owner, so that the caller can
    /// finalise them. Silos that sweep at the same time get different ones. What the caller does not finalise comes up again
    /// after the same window.
    /// </summary>
    /// <param name="owner">Silo that claims.</param>
    /// <param name="window">Time since the last claim and the last fact after which nobody can resume a conversation.</param>
    /// <param name="deadFor">Age of an owner's last heartbeat from which it counts as dead here; more generous than for placement.</param>
    /// <param name="atMost">Size of the batch.</param>
    /// <exception cref="IOException">The directory is unavailable.</exception>
    Task<IReadOnlyList<Ownership>> ClaimAbandonedAsync(string owner, TimeSpan window, TimeSpan deadFor, int atMost, CancellationToken cancellation);
}
