using System.Diagnostics.Metrics;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Orchestrator.Attach;
using Orchestrator.Cluster;
using Orchestrator.Grains.Actor;
using Orchestrator.Journal;
using Orchestrator.Silo.Attach;
using Orchestrator.Testing;
using Orchestrator.Wire;

namespace Orchestrator.Silo.Tests.Attach;

/// <summary>
/// A silo asks the owner of a conversation before it takes it over. The clock stands still: whatever completes without being
/// moved has cost no waiting.
/// </summary>
public sealed class FormerOwnerTests : IAsyncDisposable
{
    private static readonly SiloInstance Self = new("silo-2", 9);
    private static readonly AttachRequest Request = new(new TenantId("acme"), new ConversationId(Guid.CreateVersion7()), Resume: true, ReadOnlyMemory<byte>.Empty)
    {
        Memory = new EdgeMemory { SettledInput = 1, LastOutput = 2, LastTurnEnd = 2 },
    };

    private readonly ListenerFixture _owner = new();
    private readonly ServiceProvider _services = new ServiceCollection().AddMetrics().BuildServiceProvider();
    private readonly ManualTime _clock = new();
    private readonly Recorded _recorded = new();

    public async ValueTask DisposeAsync()
    {
        await _owner.DisposeAsync();
        await _services.DisposeAsync();
    }

    [Fact]
    public async Task Owner_IsAskedByItsEpoch_AndLetsGo()
    {
        await AskAsync(Former());
        Assert.Equal(new ReleaseRequest(Request.Tenant, Request.Conversation, 41, ClientRemembers: true), Assert.Single(_owner.Host.Releases));
    }

    [Fact]
    public async Task ClientThatRemembersNothing_IsSaidToBeOne()
    {
        await Patience.For(Former().AskAsync(Request with { Memory = null }, CancellationToken.None), "the answer");
        Assert.False(Assert.Single(_owner.Host.Releases).ClientRemembers);
    }

    [Fact]
    public async Task OwnerThatHasDied_CostsNoWaiting_AndIsDialledOnce()
    {
        var port = Ports.Free();
        _recorded.Port = port;
        var former = Former();
        await AskAsync(former);
        using var successor = new TcpListener(IPAddress.Loopback, port);
        successor.Start();
        await AskAsync(former);
        Assert.False(successor.Pending());
    }

    [Fact]
    public async Task OwnerThatIsFrozen_CostsTheFirstConversationAMoment_AndTheNextOnesNothing()
    {
        using var frozen = new TcpListener(IPAddress.Loopback, 0);
        frozen.Start();
        _recorded.Port = ((IPEndPoint)frozen.LocalEndpoint).Port;
        var former = Former();
        var asking = former.AskAsync(Request, CancellationToken.None);
        using var accepted = await Patience.For(frozen.AcceptSocketAsync(), "the dial");
        Assert.False(asking.IsCompleted);
        _clock.Advance(FormerOwner.GreetingLimit);
        await Patience.For(asking, "the end of the waiting");

        await AskAsync(former);
        Assert.False(frozen.Pending());
        _clock.Advance(TimeSpan.FromSeconds(5));
        asking = former.AskAsync(Request, CancellationToken.None);
        using var again = await Patience.For(frozen.AcceptSocketAsync(), "another dial");
        _clock.Advance(FormerOwner.GreetingLimit);
        await Patience.For(asking, "the end of the waiting");
    }

    [Fact]
    public async Task OwnerThatTakesTooLong_IsNotWaitedForBeyondTheLimit()
    {
        _owner.Host.Ready = new TaskCompletionSource().Task;
        var former = Former();
        var asking = former.AskAsync(Request, CancellationToken.None);
        await Patience.Until(() => Task.FromResult(_owner.Host.Releases.Count == 1), "the request");
        Assert.False(asking.IsCompleted);
        _clock.Advance(FormerOwner.Limit);
        await Patience.For(asking, "the end of the waiting");

        // It is there, only slow: the next conversation asks again.
        _owner.Host.Ready = Task.CompletedTask;
        await AskAsync(former);
        Assert.Equal(2, _owner.Host.Releases.Count);
    }

    [Theory]
    [InlineData("self")]
    [InlineData("dead")]
    [InlineData("nobody")]
    [InlineData("away")]
    [InlineData("untrusted")]
    public async Task WhereThereIsNobodyToAsk_NobodyIs(string why)
    {
        _recorded.Why = why;
        await AskAsync(Former(o => o.Tls.Certificate = why == "untrusted" ? "silo.pem" : null));
        Assert.Empty(_owner.Host.Releases);
    }

    [Fact]
    public async Task AnotherLifeOfTheOwner_IsNotAsked()
    {
        _recorded.Incarnation = 6;
        await AskAsync(Former());
        Assert.Empty(_owner.Host.Releases);
    }

    [Fact]
    public async Task OwnerWithAnotherSecret_IsNotAsked()
    {
        await AskAsync(Former(o => o.Secret = "another secret, as long as needed"));
        Assert.Empty(_owner.Host.Releases);
    }

    private static Task AskAsync(FormerOwner former) => Patience.For(former.AskAsync(Request, CancellationToken.None), "the answer");

    private FormerOwner Former(Action<ClusterOptions>? change = null)
    {
        _recorded.Port ??= _owner.Silo.EndPoint.Port;
        var options = ListenerFixture.Options();
        change?.Invoke(options);
        return new FormerOwner(_recorded, Self, options, new GrainMetrics(_services.GetRequiredService<IMeterFactory>()), _clock, NullLogger<FormerOwner>.Instance);
    }

    /// <summary>What the database says about the owner.</summary>
    private sealed class Recorded : IOwnershipDirectory
    {
        public int? Port { get; set; }

        public long Incarnation { get; set; } = 7;

        public string Why { get; set; } = "";

        public Task<ConversationOwner?> FindOwnerAsync(TenantId tenant, ConversationId conversation, CancellationToken cancellation)
        {
            var owner = Why == "self" ? Self : new SiloInstance("silo-1", Incarnation);
            return Why switch
            {
                "away" => throw new IOException("The database is away."),
                "nobody" => Task.FromResult<ConversationOwner?>(null),
                _ => Task.FromResult<ConversationOwner?>(new ConversationOwner(owner.Name, owner.Incarnation, 41, new Uri($"tcp://127.0.0.1:{Port}"), Why != "dead")),
            };
        }

        public Task<IReadOnlyList<Ownership>> ClaimAbandonedAsync(string owner, TimeSpan window, TimeSpan deadFor, int atMost, CancellationToken cancellation) =>
            Task.FromResult<IReadOnlyList<Ownership>>([]);
    }
}
