using System.Collections.Immutable;
using Orchestrator.Grains.Actor;
using Orchestrator.Journal;

namespace Orchestrator.Silo.Hosting;

/// <summary>
/// In which order a conversation tries the endpoints of its group. It is drawn once, when the conversation enters memory:
/// by weight, then those that only stand in, then those that are left alone at the moment. A conversation that has been
/// somewhere begins there again, because only there its handle is good for anything.
/// </summary>
/// <param name="endpoints">All that are configured; their names differ.</param>
/// <param name="isLeftAlone">True while the circuit of the endpoint with that name is open.</param>
/// <param name="draw">A random number from 0 up to, not including, its argument.</param>
public sealed class EndpointOrder(IReadOnlyList<UpstreamEndpoint> endpoints, Predicate<string> isLeftAlone, Func<int, int> draw)
{
    /// <summary>For a conversation that has never had a link.</summary>
    /// <returns>Never empty, for the default group.</returns>
    public ImmutableArray<UpstreamEndpoint> ForNew(string group = UpstreamEndpoint.DefaultGroup)
    {
        var members = endpoints.Where(e => e.Group == group).ToList();
        var order = ImmutableArray.CreateBuilder<UpstreamEndpoint>(members.Count);
        foreach (var tier in members.GroupBy(Tier).OrderBy(tier => tier.Key))
        {
            var rest = tier.ToList();
            while (rest.Count > 0)
            {
                var next = Draw(rest);
                rest.Remove(next);
                order.Add(next);
            }
        }

        return order.DrainToImmutable();
    }

    /// <summary>For a conversation that comes back: where it was last, if that still exists, and then the others of that group.</summary>
    public ImmutableArray<UpstreamEndpoint> ForRestored(IReadOnlyList<JournalEntry> entries)
    {
        var last = entries.Select(e => e.Fact).OfType<LinkOpened>().LastOrDefault()?.Endpoint;
        return endpoints.FirstOrDefault(e => e.Name == last) is { } before
            ? [before, .. ForNew(before.Group).Remove(before)]
            : ForNew();
    }

    private int Tier(UpstreamEndpoint endpoint) => (isLeftAlone(endpoint.Name), endpoint.Weight) switch
    {
        (false, > 0) => 0,
        (false, _) => 1,
        (true, > 0) => 2,
        _ => 3,
    };

    /// <summary>One of them, each as likely as its weight says; without weights the first, as configured.</summary>
    private UpstreamEndpoint Draw(List<UpstreamEndpoint> among)
    {
        var sum = among.Sum(e => e.Weight);
        var at = sum == 0 ? 0 : draw(sum);
        foreach (var endpoint in among)
        {
            at -= endpoint.Weight;
            if (at < 0)
            {
                return endpoint;
            }
        }

        return among[0];
    }
}
