using System.Diagnostics.Metrics;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Orchestrator.Attach;
using Orchestrator.Cluster;
using Orchestrator.Grains.Actor;
using Orchestrator.Journal;
using Orchestrator.Silo.Attach;
using Orchestrator.Silo.Hosting;
using Orchestrator.Silo.Tests.Attach;
using Orchestrator.Silo.Tests.Stores.Postgres;
using Orchestrator.Testing;
using Orchestrator.Wire;

namespace Orchestrator.Silo.Tests.Hosting;

/// <summary>Two silos on one database: the owner is alive, but the client's front-end cannot reach it, and attaches at the other.</summary>
public sealed class TakeoverTests(OwnDatabase database) : IClassFixture<OwnDatabase>
{
    private static readonly TenantId Acme = new("acme");
    private static readonly byte[] Setup = Encoding.UTF8.GetBytes("""{"setup":{"model":"models/gemini-3.8-live","generationConfig":{"responseModalities":["AUDIO"]}}}""");

    [Fact]
    public async Task OwnerThatTheTakerCanReach_LetsGoInOrder_AndIsNeverFenced()
    {
        await using var first = await PostgresPeer.OpenAsync(database.ConnectionString);
        await using var second = await PostgresPeer.OpenAsync(database.ConnectionString);
        await using var firstServices = HostFixture.Services(first.Store, mayMove: true, silo: "silo-1");
        var firstHost = firstServices.GetRequiredService<ConversationHost>();
        var options = new ClusterOptions { Secret = RawEdge.Secret, Listen = "127.0.0.1:0" };
        await using var listener = SiloListener.Start(
            firstHost, new SiloInstance("silo-1", first.Database.Incarnation), options, new WireMetrics(firstServices.GetRequiredService<IMeterFactory>()), TimeProvider.System, NullLogger<SiloListener>.Instance);
        await first.Registry.RegisterAsync("silo-1", new Uri($"tcp://{listener.EndPoint}"), CancellationToken.None);
        await first.Registry.HeartbeatAsync("silo-1", new SiloLoad(0, 0, Accepting: true), [], CancellationToken.None);

        // Its clock stands still: however busy the machine, the answer is waited for.
        var former = new FormerOwner(
            second.Directory, new SiloInstance("silo-2", second.Database.Incarnation), options, new GrainMetrics(firstServices.GetRequiredService<IMeterFactory>()), new ManualTime(), NullLogger<FormerOwner>.Instance);
        await using var secondServices = HostFixture.Services(second.Store, mayMove: true, former, silo: "silo-2");
        var secondHost = secondServices.GetRequiredService<ConversationHost>();

        var request = new AttachRequest(Acme, new ConversationId(Guid.CreateVersion7()), Resume: false, Setup) { Client = Guid.CreateVersion7(), Attempt = 1 };
        var old = new ClosedEdge();
        Assert.IsType<AttachOutcome.Attached>(await firstHost.AttachAsync(request, old, CancellationToken.None));
        var memory = new EdgeMemory { SettledInput = 0, LastOutput = 0, LastTurnEnd = 0 };
        Assert.IsType<AttachOutcome.Attached>(await Patience.For(
            secondHost.AttachAsync(request with { Resume = true, Attempt = 2, Memory = memory }, new ClosedEdge(), CancellationToken.None), "the take-over"));

        Assert.Equal(EdgeClose.Moving, Assert.Single(old.Closes));
        Assert.Equal((0, 2L), (firstHost.Count, Assert.Single(secondHost.Held).Epoch));
        var facts = (await second.Store.LoadAsync(Acme, request.Conversation, CancellationToken.None)).Entries.Select(entry => entry.Fact).ToList();
        Assert.Equal("takeover", Assert.Single(facts.OfType<ConversationMoved>()).Why);
        Assert.Equal(0, first.Metrics.Sum("orchestrator.store.appends", "outcome=fenced"));
        await secondHost.StopAsync();
    }

    private sealed class ClosedEdge : IEdge
    {
        public List<EdgeClose> Closes { get; } = [];

        public void Opened(IAttachment attachment, bool awaitsSetup)
        {
        }

        public void Deliver(in OutputFrame frame)
        {
        }

        public void Durable(long inputSeq)
        {
        }

        public void Close(EdgeClose close) => Closes.Add(close);
    }
}
