using Orchestrator.Cluster;
using Orchestrator.Journal;

namespace Orchestrator.Api.Composition;

/// <summary>A cluster of one silo, for a front-end's warm-up.</summary>
internal sealed class OneSilo(Uri address) : ISiloRegistry, IOwnershipDirectory
{
    public const string Name = "warm-up";
    public const long Incarnation = 1;

    public Task<IReadOnlyList<SiloRecord>> ListAliveAsync(CancellationToken cancellation) =>
        Task.FromResult<IReadOnlyList<SiloRecord>>([new SiloRecord(Name, Incarnation, address, TimeSpan.Zero, new SiloLoad(0, 0, Accepting: true), DrainRequested: false)]);

    public Task<ConversationOwner?> FindOwnerAsync(TenantId tenant, ConversationId conversation, CancellationToken cancellation) =>
        Task.FromResult<ConversationOwner?>(null);

    // The rest is what silos ask; nobody does.
    public Task<IReadOnlyList<Ownership>> ClaimAbandonedAsync(string owner, TimeSpan window, TimeSpan deadFor, int atMost, CancellationToken cancellation) =>
        throw new NotSupportedException();

    public Task<long> RegisterAsync(string silo, Uri address, CancellationToken cancellation) => throw new NotSupportedException();

    public Task<HeartbeatAnswer> HeartbeatAsync(string silo, SiloLoad load, IReadOnlyCollection<Ownership> held, CancellationToken cancellation) =>
        throw new NotSupportedException();

    public Task<bool> RequestDrainAsync(string silo, CancellationToken cancellation) => throw new NotSupportedException();

    public Task LeaveAsync(string silo, CancellationToken cancellation) => throw new NotSupportedException();
}
