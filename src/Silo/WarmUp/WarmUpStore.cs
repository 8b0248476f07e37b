using System.Buffers;
using Orchestrator.Journal;
using Orchestrator.Secrets;
using Orchestrator.Silo.Stores;

namespace Orchestrator.Silo.WarmUp;

/// <summary>The journals of a warm-up: in memory, but written and read as the real ones are.</summary>
internal sealed class WarmUpStore : IConversationStore
{
    private readonly JournalCodec _codec = new(new SecretBox(KeyRing.Fleeting()));
    private readonly Lock _gate = new();
    private readonly Dictionary<ConversationId, List<byte[]>> _journals = [];
    private long _epoch;

    public Task<Ownership> ClaimAsync(TenantId tenant, ConversationId conversation, string owner, bool mustExist, CancellationToken cancellation)
    {
        lock (_gate)
        {
            _journals.TryAdd(conversation, []);
            return Task.FromResult(new Ownership(tenant, conversation, owner, ++_epoch));
        }
    }

    public Task<LoadedJournal> LoadAsync(TenantId tenant, ConversationId conversation, CancellationToken cancellation)
    {
        lock (_gate)
        {
            return Task.FromResult(new LoadedJournal([.. _journals[conversation].Select(line => _codec.Read(line, tenant, conversation).Entry)], TornBytes: 0));
        }
    }

    public Task AppendAsync(Ownership ownership, IReadOnlyList<JournalEntry> entries, Durability durability, CancellationToken cancellation)
    {
        lock (_gate)
        {
            foreach (var entry in entries)
            {
                var line = new ArrayBufferWriter<byte>();
                _codec.Write(line, ownership.Tenant, ownership.Conversation, entry, more: false);
                _journals[ownership.Conversation].Add(line.WrittenSpan[..^1].ToArray());
            }
        }

        return Task.CompletedTask;
    }

    public Task ReleaseAsync(Ownership ownership, CancellationToken cancellation) => Task.CompletedTask;

    public Task<IReadOnlyList<ConversationId>> ListAsync(TenantId tenant, ConversationId? before, int limit, CancellationToken cancellation) =>
        Task.FromResult<IReadOnlyList<ConversationId>>([]);
}
