using Orchestrator.Cluster;
using Orchestrator.Wire;

namespace Orchestrator.Api.Cluster;

/// <summary>
/// The silos that are alive, as this front-end knows them: asked for once a second, by whoever needs them first. While the
/// registry is away the last answer stands: silos do not go away because their registry does.
/// </summary>
internal sealed partial class SiloDirectory(ISiloRegistry registry, SiloLink link, TimeProvider clock, ILogger<SiloDirectory> logger) : IAsyncDisposable
{
    private static readonly TimeSpan Fresh = TimeSpan.FromSeconds(1);

    private readonly ILogger _logger = logger;
    private readonly Lock _gate = new();
    private readonly Dictionary<SiloAddress, RemoteHost> _hosts = [];
    private Task<IReadOnlyList<SiloRecord>>? _asking;
    private long _askedAt;
    private IReadOnlyList<SiloRecord> _known = [];

    /// <summary>Silos whose heartbeat is recent.</summary>
    /// <exception cref="IOException">The registry is away, and never answered.</exception>
    public async Task<IReadOnlyList<SiloRecord>> AliveAsync()
    {
        Task<IReadOnlyList<SiloRecord>> asking;
        lock (_gate)
        {
            if (_asking is null || (_asking.IsCompleted && clock.GetElapsedTime(_askedAt) > Fresh))
            {
                _askedAt = clock.GetTimestamp();
                _asking = Task.Run(AskAsync);
            }

            asking = _asking;
        }

        return await asking;
    }

    /// <summary>The conversations of a silo.</summary>
    public RemoteHost Reach(SiloRecord silo) => Reach(silo.Silo, silo.Incarnation, silo.Address);

    public RemoteHost Reach(string silo, long incarnation, Uri at)
    {
        var address = new SiloAddress(at.Host, at.Port, new SiloInstance(silo, incarnation));
        lock (_gate)
        {
            return _hosts.TryGetValue(address, out var host) ? host : _hosts[address] = new RemoteHost(link, address);
        }
    }

    public async ValueTask DisposeAsync()
    {
        List<RemoteHost> all;
        lock (_gate)
        {
            all = [.. _hosts.Values];
            _hosts.Clear();
        }

        await Task.WhenAll(all.Select(host => host.DisposeAsync().AsTask()));
    }

    private async Task<IReadOnlyList<SiloRecord>> AskAsync()
    {
        try
        {
            _known = await registry.ListAliveAsync(CancellationToken.None);
            Forget(_known);
        }
        catch (IOException away) when (_known.Count > 0)
        {
            RegistryAway(away.Message);
        }

        return _known;
    }

    /// <summary>What has died is not remembered. A silo that only lost its database serves on whom it serves, and is.</summary>
    private void Forget(IReadOnlyList<SiloRecord> alive)
    {
        var instances = alive.Select(silo => new SiloInstance(silo.Silo, silo.Incarnation)).ToHashSet();
        lock (_gate)
        {
            foreach (var (address, _) in _hosts.Where(h => !instances.Contains(h.Key.Instance!) && !h.Value.IsConnected).ToList())
            {
                _hosts.Remove(address);
            }
        }
    }

    [LoggerMessage(1, LogLevel.Warning, "The registry of silos is away; going on with what was known: {Reason}", EventName = "RegistryAway")]
    private partial void RegistryAway(string reason);
}
