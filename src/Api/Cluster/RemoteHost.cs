using Orchestrator.Attach;

namespace Orchestrator.Api.Cluster;

/// <summary>
/// One silo's conversations, reached over the internal link: what <see cref="IConversationHost"/> is inside the silo's
/// process. Connections are opened when they are needed and again after they were lost. An edge that is no
/// <see cref="ILastingEdge"/> is closed, resumably, when its connection ends.
/// </summary>
internal sealed class RemoteHost(SiloLink link, SiloAddress address) : IConversationHost, IAsyncDisposable
{
    /// <summary>How long a new connection may take, after one was lost, for the silo to count as being there.</summary>
    private static readonly TimeSpan AnswerLimit = TimeSpan.FromMilliseconds(100);

    private readonly Dialled?[] _slots = new Dialled?[link.Options.Connections];
    private readonly Lock _gate = new();
    private Dialled? _spare;
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
                return All_NeedsLock().Any(dialled => !dialled.IsOver);
            }
        }
    }

    /// <exception cref="SiloUnavailableException">The silo cannot be reached, or was lost before it had answered.</exception>
    public async Task<AttachOutcome> AttachAsync(AttachRequest request, IEdge edge, CancellationToken cancellation) =>
        await (await ConnectAsync(cancellation)).AttachAsync(request, edge, cancellation);

    /// <exception cref="SiloUnavailableException">The silo cannot be reached, or did not do it.</exception>
    public async Task<bool> EndAsync(TenantId tenant, ConversationId conversation, string reason, CancellationToken cancellation) =>
        await (await ConnectAsync(cancellation)).EndAsync(tenant, conversation, reason, cancellation);

    /// <summary>
    /// A connection was lost: says whether the silo is there all the same, by another connection that stands or by a new one. A
    /// process that has died refuses it at once; where the silo had become silent, a new one was begun when that was noticed, and has
    /// had its time.
    /// </summary>
    public async Task<bool> AnswersAsync()
    {
        Dialled next;
        lock (_gate)
        {
            if (_disposed || Answering_NeedsLock() is not null)
            {
                return !_disposed;
            }

            next = All_NeedsLock().Where(dialled => dialled.IsPending).MinBy(dialled => dialled.At) ?? Spare_NeedsLock();
        }

        var left = AnswerLimit - link.Clock.GetElapsedTime(next.At);
        try
        {
            await next.Connection.WaitAsync(left > TimeSpan.Zero ? left : TimeSpan.Zero, link.Clock);
            return true;
        }
        catch (Exception failure) when (failure is SiloUnavailableException or TimeoutException)
        {
            return false;
        }
    }

    /// <summary>Says goodbye. Streams that are left are lost.</summary>
    public async ValueTask DisposeAsync()
    {
        List<Dialled> all;
        lock (_gate)
        {
            _disposed = true;
            all = [.. All_NeedsLock()];
        }

        foreach (var dialled in all)
        {
            try
            {
                var connection = await dialled.Connection;
                connection.End(new Wire.WireFault(Wire.WireFaultCode.Stopping, "The front-end stops."));
                await connection.Gone;
            }
            catch (SiloUnavailableException)
            {
                // There never was a connection.
            }
        }
    }

    /// <summary>Takes the connections in turn; whoever finds one missing opens it, and waits for it if no other is good.</summary>
    private Task<SiloConnection> ConnectAsync(CancellationToken cancellation)
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            var next = Slot_NeedsLock();
            return (next.IsAnswering ? next : Answering_NeedsLock() ?? next).Connection.WaitAsync(cancellation);
        }
    }

    private Dialled Slot_NeedsLock()
    {
        ref var slot = ref _slots[_turn];
        _turn = (_turn + 1) % _slots.Length;
        if (slot is null or { IsOver: true })
        {
            slot = _spare is { IsOver: false } spare ? spare : Dial();
            _spare = null;
        }

        return slot;
    }

    /// <summary>A connection that was begun since another was doubted.</summary>
    private Dialled Spare_NeedsLock() => _spare is { IsOver: false } spare ? spare : _spare = Dial();

    private Dialled? Answering_NeedsLock() => All_NeedsLock().FirstOrDefault(dialled => dialled.IsAnswering);

    private IEnumerable<Dialled> All_NeedsLock() => _slots.Append(_spare).OfType<Dialled>();

    private Dialled Dial() => new(Task.Run(DialAsync), link.Clock.GetTimestamp());

    private async Task<SiloConnection> DialAsync()
    {
        var connection = await SiloDialer.DialAsync(link, address);
        _ = WatchAsync(connection);
        return connection;
    }

    /// <summary>Whether the silo or only the connection is at fault is to be known when it matters.</summary>
    private async Task WatchAsync(SiloConnection connection)
    {
        if (await Task.WhenAny(connection.Doubtful, connection.Gone) == connection.Doubtful)
        {
            lock (_gate)
            {
                _ = _disposed ? null : Spare_NeedsLock();
            }
        }
    }

    /// <summary>One connection, from the moment when it was begun.</summary>
    private sealed record Dialled(Task<SiloConnection> Connection, long At)
    {
        public bool IsPending => !Connection.IsCompleted;

        public bool IsAnswering => Connection.IsCompletedSuccessfully && Connection.Result.IsAnswering;

        public bool IsOver => !IsPending && !(Connection.IsCompletedSuccessfully && Connection.Result.IsAlive);
    }
}
