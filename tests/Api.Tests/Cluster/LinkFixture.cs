using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Orchestrator.Api.Cluster;
using Orchestrator.Attach;
using Orchestrator.Silo.Attach;
using Orchestrator.Silo.Tests.Attach;
using Orchestrator.Testing;
using Orchestrator.Wire;

namespace Orchestrator.Api.Tests.Cluster;

/// <summary>Both ends of the internal link in this process, real sockets and a breakable network in between.</summary>
internal sealed class LinkFixture : IAsyncDisposable
{
    private const string Secret = "a secret of the cluster, 32 chars";

    private readonly ServiceProvider _services = new ServiceCollection().AddMetrics().BuildServiceProvider();
    private readonly SiloListener _silo;

    /// <param name="host">What the silo serves; one that does as the test says when there is none.</param>
    /// <param name="edge">Changes the front-end's options.</param>
    /// <param name="silo">Changes the silo's options.</param>
    /// <param name="clock">The front-end's clock.</param>
    /// <param name="wanted">Who must answer.</param>
    /// <param name="direct">True to leave the breakable network out.</param>
    public LinkFixture(IConversationHost? host = null, Action<ClusterOptions>? edge = null, Action<ClusterOptions>? silo = null, TimeProvider? clock = null, SiloInstance? wanted = null, bool direct = false)
    {
        Metrics = new WireMetrics(_services.GetRequiredService<IMeterFactory>());
        _silo = SiloListener.Start(host ?? Host, Instance, Options(silo), Metrics, TimeProvider.System, NullLogger<SiloListener>.Instance);
        Network = new TcpProxy(_silo.EndPoint.Port);
        Remote = new RemoteHost(new SiloLink(Options(edge), Metrics, clock ?? TimeProvider.System, Log), new SiloAddress("127.0.0.1", direct ? _silo.EndPoint.Port : Network.Port, wanted));
    }

    public SiloInstance Instance { get; } = new("silo-1", 7);

    public FakeHost Host { get; } = new();

    public TcpProxy Network { get; }

    public RemoteHost Remote { get; }

    public WireMetrics Metrics { get; }

    public LogList Log { get; } = new();

    public static AttachRequest Request(bool resume = false) =>
        new(new TenantId("acme"), new ConversationId(Guid.CreateVersion7()), resume, "{\"setup\":{}}"u8.ToArray());

    /// <summary>Attaches an edge and gives both ends of its stream.</summary>
    public async Task<(IAttachment Attachment, FakeConversation Grain)> AttachAsync(RecordingEdge edge)
    {
        var attached = Assert.IsType<AttachOutcome.Attached>(await Patience.For(Remote.AttachAsync(Request(), edge, CancellationToken.None), "an attach"));
        Assert.StartsWith("opened", await edge.NextAsync(), StringComparison.Ordinal);
        return (attached.Attachment, await Host.NextAsync());
    }

    /// <summary>The silo's process stops.</summary>
    public ValueTask StopSiloAsync() => _silo.DisposeAsync();

    public async ValueTask DisposeAsync()
    {
        await Remote.DisposeAsync();
        await _silo.DisposeAsync();
        await Network.DisposeAsync();
        await _services.DisposeAsync();
    }

    private static ClusterOptions Options(Action<ClusterOptions>? change)
    {
        var options = new ClusterOptions { Secret = Secret, Listen = "127.0.0.1:0", Connections = 1 };
        change?.Invoke(options);
        return options;
    }

    internal sealed class LogList : ILogger<SiloLink>
    {
        public System.Collections.Concurrent.ConcurrentQueue<string> Lines { get; } = [];

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            Lines.Enqueue($"{logLevel} {eventId.Name} {formatter(state, exception)}");
    }
}
