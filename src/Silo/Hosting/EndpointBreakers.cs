using System.Collections.Frozen;
using Gemini.Live.Links;
using Microsoft.Extensions.Logging;
using Orchestrator.Grains.Actor;

namespace Orchestrator.Silo.Hosting;

/// <summary>The circuit breakers of all endpoints, and links that are dialled through them.</summary>
public sealed class EndpointBreakers
{
    private readonly FrozenDictionary<string, EndpointBreaker> _breakers;

    internal EndpointBreakers(
        IEnumerable<UpstreamEndpoint> endpoints, BreakerOptions options, TimeProvider clock, UpstreamMetrics metrics, ILogger<EndpointBreakers> logger)
    {
        _breakers = endpoints.ToFrozenDictionary(
            e => e.Name, e => new EndpointBreaker(e.Name, options, clock, metrics, logger), StringComparer.Ordinal);
        metrics.Observe(() => _breakers.Values.Select(b => (b.Endpoint, b.State)));
    }

    /// <summary>True when a dial of the endpoint would end at once with <see cref="LinkLossKind.CircuitOpen"/>.</summary>
    public bool IsLeftAlone(string endpoint) => _breakers[endpoint].IsLeftAlone;

    internal EndpointBreaker Of(string endpoint) => _breakers[endpoint];

    /// <summary>
    /// Dials a link, in whichever dialect, unless the endpoint's circuit is open: then the link ends with <c>CircuitOpen</c> right after this
    /// returned. What becomes of the link is told to the circuit breaker.
    /// </summary>
    /// <param name="open">Dials, with the receiver that it is given.</param>
    internal IUpstreamLink Open(int link, UpstreamEndpoint endpoint, byte[] setup, IUpstreamReceiver receiver, Func<IUpstreamReceiver, IUpstreamLink> open)
    {
        var breaker = _breakers[endpoint.Name];
        return breaker.TryBegin() is { } attempt
            ? new GuardedLink(breaker, attempt, setup, endpoint.Dialect == UpstreamDialect.Vertex ? new VertexReceiver(receiver) : receiver).Start(open)
            : RefusedLink.Start(link, endpoint.Name, receiver);
    }
}
