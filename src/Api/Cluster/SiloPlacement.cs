using System.Security.Cryptography;
using Orchestrator.Attach;
using Orchestrator.Cluster;
using Orchestrator.Wire;

namespace Orchestrator.Api.Cluster;

/// <summary>Says which silo is asked to serve a conversation (DESIGN §10): its owner if that lives, otherwise the less loaded of two.</summary>
internal sealed class SiloPlacement(SiloDirectory silos, IOwnershipDirectory owners)
{
    /// <param name="request">The conversation; one that is new has no owner.</param>
    /// <param name="avoid">Silos that were just found lost, full or leaving.</param>
    /// <returns>Null when there is none to ask.</returns>
    /// <exception cref="IOException">The database is away, and nothing is known.</exception>
    public async Task<(RemoteHost Host, SiloInstance Silo)?> ChooseAsync(AttachRequest request, IReadOnlySet<SiloInstance> avoid, CancellationToken cancellation)
    {
        if (request.Resume && await owners.FindOwnerAsync(request.Tenant, request.Conversation, cancellation) is { IsAlive: true, Address: { } at } owner
            && new SiloInstance(owner.Silo, owner.Incarnation) is var instance && !avoid.Contains(instance))
        {
            return (silos.Reach(owner.Silo, owner.Incarnation, at), instance);
        }

        var candidates = (await silos.AliveAsync())
            .Where(silo => silo.Load.Accepting && !silo.DrainRequested && !avoid.Contains(new SiloInstance(silo.Silo, silo.Incarnation)))
            .ToArray();
        if (candidates.Length == 0)
        {
            return null;
        }

        RandomNumberGenerator.Shuffle(candidates.AsSpan());
        var chosen = candidates.Take(2).MinBy(silo => silo.Load.Conversations)!;
        return (silos.Reach(chosen), new SiloInstance(chosen.Silo, chosen.Incarnation));
    }
}
