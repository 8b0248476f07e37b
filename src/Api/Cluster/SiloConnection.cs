using System.Collections.Concurrent;
using Orchestrator.Attach;
using Orchestrator.Wire;

namespace Orchestrator.Api.Cluster;

/// <summary>
/// One connection to a silo, shared by many conversations. A silo that does not answer pings for too long is lost, as one is
/// whose connection ends: every stream is told. Output is received and handed to its client by one thread.
/// </summary>
internal sealed partial class SiloConnection(SiloLink link, SiloAddress address, WireConnection wire)
{
    private readonly ConcurrentDictionary<uint, SiloStream> _streams = new();
    private readonly ConcurrentDictionary<uint, TaskCompletionSource<EndResult>> _requests = new();
    private readonly TaskCompletionSource<WireFault?> _proved = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<WireFault> _gone = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _doubtful = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly PongWatch _pongs = new(link.Options.PingInterval, link.Options.DeadAfter);
    private readonly Lock _opening = new();
    private byte[] _hello = [];
    private uint _newest;
    private long _ticked = link.Clock.GetTimestamp();
    private volatile bool _isAlive = true;

    /// <summary>Who answered.</summary>
    public SiloInstance? Silo { get; private set; }

    /// <summary>Completes with the cause when the connection is over and every stream has been told.</summary>
    public Task<WireFault> Gone => _gone.Task;

    /// <summary>Completes when the silo leaves pings unanswered for half of the time after which it is lost.</summary>
    public Task Doubtful => _doubtful.Task;

    /// <summary>It stands, and the silo has answered lately.</summary>
    public bool IsAnswering => _isAlive && _pongs.IsAnswering;

    /// <summary>False from the moment when nothing more can be sent.</summary>
    public bool IsAlive => _isAlive;

    /// <summary>Introduces both sides to each other.</summary>
    public async Task OpenAsync(CancellationToken cancellation)
    {
        // Outside whatever context the caller has, and never on its thread.
        _ = Task.Run(RunAsync, CancellationToken.None);
        var hello = new HelloWire(WireProof.NewNonce(), link.Options.MaxFrameBytes, link.Name);
        _hello = WireProof.BodyOf(hello);
        wire.TrySend(0, hello);
        if (await _proved.Task.WaitAsync(cancellation) is { } fault)
        {
            throw new SiloUnavailableException($"The silo at {address}: {fault.Reason}");
        }
    }

    /// <summary>See <see cref="IConversationHost.AttachAsync"/>.</summary>
    /// <exception cref="SiloUnavailableException">The connection ended before the silo had answered.</exception>
    public async Task<AttachOutcome> AttachAsync(AttachRequest request, IEdge edge, CancellationToken cancellation)
    {
        var sent = Open(new AttachWire(request), id => new SiloStream(this, id, edge), _streams, out var id, out var stream);
        link.Metrics.Opened(WireSide.Edge);
        if (sent == WireSend.TooLarge)
        {
            Remove(id);
            return new AttachOutcome.Refused(new EdgeClose(1009, "The message is too large."));
        }

        // At the end of the connection this one may have come too late to be told with the others.
        if ((sent != WireSend.Sent || !IsAlive) && Remove(id))
        {
            throw new SiloUnavailableException($"The silo at {address} was lost.");
        }

        try
        {
            return await stream.Outcome.WaitAsync(cancellation);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            stream.Detach(null, "The attach was given up.");
            throw;
        }
    }

    /// <summary>See <see cref="IConversationHost.EndAsync"/>.</summary>
    /// <exception cref="SiloUnavailableException">The silo did not do it.</exception>
    public async Task<bool> EndAsync(TenantId tenant, ConversationId conversation, string reason, CancellationToken cancellation)
    {
        var sent = Open(
            new EndWire(tenant, conversation, reason),
            _ => new TaskCompletionSource<EndResult>(TaskCreationOptions.RunContinuationsAsynchronously),
            _requests,
            out var id,
            out var answer);
        try
        {
            if (sent != WireSend.Sent || !IsAlive)
            {
                throw new SiloUnavailableException($"The silo at {address} was lost.");
            }

            return await answer.Task.WaitAsync(cancellation) switch
            {
                EndResult.Ended => true,
                EndResult.Unknown => false,
                _ => throw new SiloUnavailableException($"The silo at {address} could not end the conversation."),
            };
        }
        finally
        {
            _requests.TryRemove(id, out _);
        }
    }

    public WireSend Send<TFrame>(uint stream, in TFrame frame)
        where TFrame : struct, IWireFrame => wire.TrySend(stream, frame);

    public bool Remove(uint id)
    {
        if (!_streams.TryRemove(id, out _))
        {
            return false;
        }

        link.Metrics.Over(WireSide.Edge);
        return true;
    }

    public void End(WireFault why) => wire.End(why, tell: true);

    private async Task RunAsync()
    {
        await using var connection = wire;
        await using var pulse = link.Clock.CreateTimer(static self => ((SiloConnection)self!).Ping(), this, link.Options.PingInterval, link.Options.PingInterval);
        var end = await wire.RunAsync(this);
        _isAlive = false;
        link.Metrics.Ended(WireSide.Edge, end, Silo is not null);
        link.LogEnd(address, Silo is not null, end, wire.Bug);
        _proved.TrySetResult(end);
        foreach (var (id, stream) in _streams)
        {
            if (Remove(id))
            {
                stream.Lost(end.Reason);
            }
        }

        foreach (var request in _requests.Values)
        {
            request.TrySetException(new SiloUnavailableException($"The silo at {address} was lost: {end.Reason}"));
        }

        _gone.SetResult(end);
    }

    /// <summary>Numbers are given in the order in which they go out: the silo takes one that it has passed for an error.</summary>
    private WireSend Open<TFrame, TOpened>(in TFrame frame, Func<uint, TOpened> make, ConcurrentDictionary<uint, TOpened> among, out uint id, out TOpened opened)
        where TFrame : struct, IWireFrame
    {
        lock (_opening)
        {
            id = _newest + 1;
            Volatile.Write(ref _newest, id);
            opened = make(id);
            among[id] = opened;
            return wire.TrySend(id, frame);
        }
    }

    private void Ping()
    {
        var now = link.Clock.GetTimestamp();
        if (Silo is null)
        {
            _ticked = now;
            return;
        }

        var verdict = _pongs.Tick(link.Clock.GetElapsedTime(_ticked, now));
        if (verdict == PongVerdict.Nothing)
        {
            return;
        }

        _ticked = now;
        if (verdict == PongVerdict.Dead)
        {
            _isAlive = false;
            wire.End(new WireFault(WireFaultCode.Silent, "The silo does not answer."), tell: false);
            return;
        }

        wire.TrySend(0, new PingWire(WireKind.Ping, _pongs.Pinged));
        if (verdict == PongVerdict.Doubt)
        {
            _doubtful.TrySetResult();
        }
    }
}
