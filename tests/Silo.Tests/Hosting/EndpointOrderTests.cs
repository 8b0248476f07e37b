using Gemini.Live.Links;
using Orchestrator.Grains.Actor;
using Orchestrator.Journal;
using Orchestrator.Silo.Hosting;

namespace Orchestrator.Silo.Tests.Hosting;

public sealed class EndpointOrderTests
{
    private readonly List<UpstreamEndpoint> _endpoints = [Endpoint("a", 1), Endpoint("b", 3), Endpoint("spare", 0), Endpoint("eu-1", 1, "eu"), Endpoint("eu-2", 0, "eu")];
    private readonly HashSet<string> _leftAlone = [];
    private readonly Random _random = new(20261121);

    [Fact]
    public void NewConversations_AreSpreadByWeight_AndSparesComeLast()
    {
        var orders = Enumerable.Range(0, 4000).Select(_ => Names(Order.ForNew())).GroupBy(o => o).ToDictionary(o => o.Key, o => o.Count());
        Assert.Equal(["a b spare", "b a spare"], orders.Keys.Order());
        Assert.InRange(orders["b a spare"], 2850, 3150);
    }

    [Fact]
    public void Order_HoldsTheWholeGroupOnceAndNothingElse()
    {
        var many = new EndpointOrder([.. Enumerable.Range(0, 12).Select(i => Endpoint($"e{i}", i % 4)), Endpoint("other", 5, "eu")], _ => false, _random.Next);
        for (var i = 0; i < 200; i++)
        {
            var order = many.ForNew();
            Assert.Equal(Enumerable.Range(0, 12).Select(n => $"e{n}").Order(), order.Select(e => e.Name).Order());
            Assert.Equal([0, 0, 0], order.TakeLast(3).Select(e => e.Weight));
        }
    }

    [Fact]
    public void EndpointsLeftAlone_GoToTheEnd_AndComeBackWhenTheirCircuitCloses()
    {
        _leftAlone.UnionWith(["a", "b"]);
        Assert.StartsWith("spare ", Names(Order.ForNew()), StringComparison.Ordinal);
        _leftAlone.Remove("a");
        Assert.Equal("a spare b", Names(Order.ForNew()));
        _leftAlone.Add("spare");
        Assert.Equal("a b spare", Names(Order.ForNew()));
        _leftAlone.Clear();
        Assert.EndsWith(" spare", Names(Order.ForNew()), StringComparison.Ordinal);
    }

    [Fact]
    public void RestoredConversation_BeginsWhereItsNewestLinkWas_EvenIfThatIsLeftAlone()
    {
        _leftAlone.Add("spare");
        for (var i = 0; i < 50; i++)
        {
            var order = Order.ForRestored(Journal("a", "spare"));
            Assert.Equal("spare", order[0].Name);
            Assert.Equal(["a", "b"], order.Skip(1).Select(e => e.Name).Order());
        }
    }

    [Fact]
    public void RestoredConversation_StaysInTheGroupOfItsEndpoint() => Assert.Equal("eu-2 eu-1", Names(Order.ForRestored(Journal("eu-2"))));

    [Theory]
    [InlineData("gone")]
    [InlineData(null)]
    public void RestoredConversation_WithoutAnEndpointThatExists_IsLikeANewOne(string? endpoint) =>
        Assert.EndsWith(" spare", Names(Order.ForRestored(endpoint is null ? [] : Journal("a", endpoint))), StringComparison.Ordinal);

    private EndpointOrder Order => new(_endpoints, _leftAlone.Contains, _random.Next);

    private static string Names(IEnumerable<UpstreamEndpoint> order) => string.Join(' ', order.Select(e => e.Name));

    private static List<JournalEntry> Journal(params string[] endpoints) =>
        [.. endpoints.Select((name, i) => new JournalEntry(i + 1, DateTimeOffset.UnixEpoch, new LinkOpened(i + 1, 1, name, Resumed: i > 0, ReplayedFrom: null)))];

    private static UpstreamEndpoint Endpoint(string name, int weight, string group = "default") =>
        new(name, LinkTargets.Developer(new Uri("http://localhost"), "v1beta", apiKey: null)) { Weight = weight, Group = group };
}
