using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Orchestrator.Api.Cluster;
using Orchestrator.Attach;
using Orchestrator.Cluster;
using Orchestrator.Journal;
using Orchestrator.Silo.Attach;
using Orchestrator.Silo.Tests.Attach;
using Orchestrator.Testing;
using Orchestrator.Wire;

namespace Orchestrator.Api.Tests.Cluster;

/// <summary>A front-end's router and two silos that do what the test says, each behind a network of its own that can be broken.</summary>
internal sealed class RouterFixture : IAsyncDisposable, ISiloRegistry, IOwnershipDirectory
{
    private const string Secret = "a secret of the cluster, 32 chars";

    private readonly ServiceProvider _services = new ServiceCollection().AddMetrics().BuildServiceProvider();
    private readonly MeterListener _meter = new();
    private readonly System.Collections.Concurrent.ConcurrentQueue<string> _moves = [];
    private readonly SiloDirectory _directory;

    public RouterFixture(TimeProvider? clock = null)
    {
        clock ??= TimeProvider.System;
        var factory = _services.GetRequiredService<IMeterFactory>();
        _meter.InstrumentPublished = (instrument, listener) =>
        {
            if (ReferenceEquals(instrument.Meter.Scope, factory) && instrument.Name == "orchestrator.router.moves")
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _meter.SetMeasurementEventCallback<long>((_, _, tags, _) => _moves.Enqueue($"{tags[0].Value}"));
        _meter.Start();
        var metrics = new WireMetrics(factory);
        Silos = [.. Enumerable.Range(1, 2).Select(n => new RoutedSilo($"silo-{n}", n, metrics))];
        var link = new SiloLink(new ClusterOptions { Secret = Secret, Connections = 1 }, metrics, clock, NullLogger<SiloLink>.Instance);
        _directory = new SiloDirectory(this, link, clock, NullLogger<SiloDirectory>.Instance);
        Router = new ConversationRouter(new RouterServices(
            new SiloPlacement(_directory, this), new RouterOptions(), new RouterMetrics(factory), clock, NullLogger<RouterServices>.Instance));
    }

    public ConversationRouter Router { get; }

    public IReadOnlyList<RoutedSilo> Silos { get; }

    /// <summary>The recorded owner of every conversation.</summary>
    public RoutedSilo? Owner { get; set; }

    /// <summary>Why clients were attached again.</summary>
    public IReadOnlyCollection<string> Moves => _moves;

    /// <summary>The silo as the front-end knows it.</summary>
    public RemoteHost Reach(RoutedSilo silo) => _directory.Reach(silo.Instance.Name, silo.Instance.Incarnation, silo.Address);

    /// <summary>Attaches a client, and records who has it.</summary>
    public async Task<(FakeConversation Grain, RoutedSilo Silo)> AttachAsync(RecordingEdge edge)
    {
        var attached = await Patience.For(Router.AttachAsync(LinkFixture.Request(), edge, CancellationToken.None), "an attach");
        Assert.IsType<AttachOutcome.Attached>(attached);
        return await NextAsync();
    }

    /// <summary>The next attach at any silo.</summary>
    public async Task<(FakeConversation Grain, RoutedSilo Silo)> NextAsync()
    {
        await Task.WhenAny(Silos.Select(silo => silo.Next));
        var owner = Silos.First(silo => silo.Next.IsCompleted);
        Owner = owner;
        return (await owner.TakeAsync(), owner);
    }

    public async ValueTask DisposeAsync()
    {
        await _directory.DisposeAsync();
        foreach (var silo in Silos)
        {
            await silo.DisposeAsync();
        }

        _meter.Dispose();
        await _services.DisposeAsync();
    }

    Task<ConversationOwner?> IOwnershipDirectory.FindOwnerAsync(TenantId tenant, ConversationId conversation, CancellationToken cancellation) =>
        Task.FromResult(Owner is { } owner ? new ConversationOwner(owner.Instance.Name, owner.Instance.Incarnation, 1, owner.Address, IsAlive: true) : null);

    Task<IReadOnlyList<SiloRecord>> ISiloRegistry.ListAliveAsync(CancellationToken cancellation) => Task.FromResult<IReadOnlyList<SiloRecord>>(
        [.. Silos.Select(silo => new SiloRecord(silo.Instance.Name, silo.Instance.Incarnation, silo.Address, TimeSpan.Zero, new SiloLoad(0, 0, Accepting: true), DrainRequested: false))]);

    Task<IReadOnlyList<Ownership>> IOwnershipDirectory.ClaimAbandonedAsync(string owner, TimeSpan window, TimeSpan deadFor, int atMost, CancellationToken cancellation) => throw new NotSupportedException();

    Task<long> ISiloRegistry.RegisterAsync(string silo, Uri address, CancellationToken cancellation) => throw new NotSupportedException();

    Task<HeartbeatAnswer> ISiloRegistry.HeartbeatAsync(string silo, SiloLoad load, IReadOnlyCollection<Ownership> held, CancellationToken cancellation) => throw new NotSupportedException();

    Task<bool> ISiloRegistry.RequestDrainAsync(string silo, CancellationToken cancellation) => throw new NotSupportedException();

    Task ISiloRegistry.LeaveAsync(string silo, CancellationToken cancellation) => throw new NotSupportedException();

    internal sealed class RoutedSilo : IAsyncDisposable
    {
        private readonly SiloListener _listener;
        private Task<FakeConversation>? _next;
        private bool _dead;

        public RoutedSilo(string name, long incarnation, WireMetrics metrics)
        {
            Instance = new SiloInstance(name, incarnation);
            _listener = SiloListener.Start(
                Host, Instance, new ClusterOptions { Secret = Secret, Listen = "127.0.0.1:0" }, metrics, TimeProvider.System, NullLogger<SiloListener>.Instance);
            Network = new TcpProxy(_listener.EndPoint.Port);
            Address = new Uri($"tcp://127.0.0.1:{Network.Port}");
        }

        public SiloInstance Instance { get; }

        public FakeHost Host { get; } = new();

        public TcpProxy Network { get; }

        public Uri Address { get; }

        /// <summary>The process ends, and whoever dials it is refused.</summary>
        public async Task DieAsync()
        {
            _dead = true;
            await Network.DisposeAsync();
            await _listener.DisposeAsync();
        }

        /// <summary>Whoever is attached here next. One wait at a time, until somebody takes what came of it: nobody who is attached
        /// is to be lost to a wait that nobody looks at any more.</summary>
        public Task<FakeConversation> Next => _next ??= Host.NextAsync();

        public Task<FakeConversation> TakeAsync()
        {
            var taken = Next;
            _next = null;
            return taken;
        }

        public async ValueTask DisposeAsync()
        {
            if (!_dead)
            {
                await DieAsync();
            }
        }
    }
}
