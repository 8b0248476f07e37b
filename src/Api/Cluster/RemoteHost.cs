using Orchestrator.Attach;

namespace Orchestrator.Api.Cluster;

/// <summary>
/// One silo's conversations, reached over the internal link: what <see cref="IConversationHost"/> is inside the silo's
/// process. Connections are opened when they are needed and again after they were lost. An edge that is no
/// <see cref="ILastingEdge"/> is closed, resumably, when its connection ends.
/// </summary>
internal sealed class RemoteHost(SiloLink link, SiloAddress address) : IConversationHost, IAsyncDisposable
{
    private readonly Task<SiloConnection>?[] _connections = new Task<SiloConnection>?[link.Options.Connections];
    private readonly Lock _gate = new();
    private int _turn;
    private bool _disposed;

    public SiloAddress Address => address;

    /// <summary>True while any connection stands or is being made.</summary>
    public bool IsConnected
    {
        get
        {
            lock (_gate)
            {
                return _connections.Any(slot => slot is { IsCompleted: false } || (slot is { IsCompletedSuccessfully: true } && slot.Result.IsAlive));
            }
        }
    }

    /// <exception cref="SiloUnavailableException">The silo cannot be reached, or was lost before it had answered.</exception>
    public async Task<AttachOutcome> AttachAsync(AttachRequest request, IEdge edge, CancellationToken cancellation) =>
        await (await ConnectAsync(cancellation)).AttachAsync(request, edge, cancellation);

    /// <exception cref="SiloUnavailableException">The silo cannot be reached, or did not do it.</exception>
    public async Task<bool> EndAsync(TenantId tenant, ConversationId conversation, string reason, CancellationToken cancellation) =>
        await (await ConnectAsync(cancellation)).EndAsync(tenant, conversation, reason, cancellation);

    /// <summary>Says goodbye. Streams that are left are lost.</summary>
    public async ValueTask DisposeAsync()
    {
        Task<SiloConnection>[] all;
        lock (_gate)
        {
            _disposed = true;
            all = [.. _connections.OfType<Task<SiloConnection>>()];
        }

        foreach (var dialled in all)
        {
            try
            {
                var connection = await dialled;
                connection.End(new Wire.WireFault(Wire.WireFaultCode.Stopping, "The front-end stops."));
                await connection.Gone;
            }
            catch (SiloUnavailableException)
            {
                // There never was a connection.
            }
        }
    }

    /// <summary>Takes the connections in turn; whoever finds one missing opens it for all that come to it.</summary>
    private Task<SiloConnection> ConnectAsync(CancellationToken cancellation)
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            ref var slot = ref _connections[_turn];
            _turn = (_turn + 1) % _connections.Length;
            if (slot is null || slot.IsFaulted || (slot.IsCompletedSuccessfully && !slot.Result.IsAlive))
            {
                slot = Task.Run(() => SiloDialer.DialAsync(link, address), CancellationToken.None);
            }

            return slot.WaitAsync(cancellation);
        }
    }
}
