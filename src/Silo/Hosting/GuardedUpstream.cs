using Orchestrator.Grains.Actor;

namespace Orchestrator.Silo.Hosting;

/// <summary>Dials through the circuit breakers of the endpoints.</summary>
internal sealed class GuardedUpstream(EndpointBreakers breakers, IUpstream upstream) : IUpstream
{
    public void Prepare(UpstreamEndpoint endpoint)
    {
        if (!breakers.IsLeftAlone(endpoint.Name))
        {
            upstream.Prepare(endpoint);
        }
    }

    public IUpstreamLink Open(int link, UpstreamEndpoint endpoint, byte[] setup, IUpstreamReceiver receiver) =>
        breakers.Open(link, endpoint, setup, receiver, guard => upstream.Open(link, endpoint, setup, guard));

    public void Close() => upstream.Close();
}
