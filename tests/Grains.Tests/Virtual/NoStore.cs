using Orchestrator.Attach;
using Orchestrator.Journal;

namespace Orchestrator.Grains.Tests.Virtual;

/// <summary>Everything goes through the journal; only giving ownership up comes here.</summary>
internal sealed class NoStore : IConversationStore
{
    public Task<Ownership> ClaimAsync(TenantId tenant, ConversationId conversation, string owner, bool mustExist, CancellationToken cancellation) => throw new NotSupportedException();

    public Task<LoadedJournal> LoadAsync(TenantId tenant, ConversationId conversation, CancellationToken cancellation) => throw new NotSupportedException();

    public Task AppendAsync(Ownership ownership, IReadOnlyList<JournalEntry> entries, Durability durability, CancellationToken cancellation) => throw new NotSupportedException();

    public Task ReleaseAsync(Ownership ownership, CancellationToken cancellation) => Task.CompletedTask;

    public Task<IReadOnlyList<ConversationId>> ListAsync(TenantId tenant, ConversationId? before, int limit, CancellationToken cancellation) => throw new NotSupportedException();
}
