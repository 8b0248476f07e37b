using Orchestrator.Attach;
using Orchestrator.Wire;

namespace Orchestrator.Api.Cluster;

/// <summary>The cluster as one <see cref="IConversationHost"/>: a client attaches once, whichever silos serve it.</summary>
internal sealed class ConversationRouter(RouterServices services) : IConversationHost
{
    public Task<AttachOutcome> AttachAsync(AttachRequest request, IEdge edge, CancellationToken cancellation) =>
        new RoutedClient(services, request, edge).AttachAsync(cancellation);

    /// <exception cref="IOException">No silo could do it.</exception>
    public async Task<bool> EndAsync(TenantId tenant, ConversationId conversation, string reason, CancellationToken cancellation)
    {
        var request = new AttachRequest(tenant, conversation, Resume: true, ReadOnlyMemory<byte>.Empty);
        HashSet<SiloInstance> avoid = [];
        while (await services.Placement.ChooseAsync(request, avoid, cancellation) is var (host, silo))
        {
            try
            {
                return await host.EndAsync(tenant, conversation, reason, cancellation);
            }
            catch (SiloUnavailableException)
            {
                avoid.Add(silo);
            }
        }

        throw new SiloUnavailableException("No silo can be reached.");
    }
}
