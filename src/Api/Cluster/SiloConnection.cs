using System.Collections.Concurrent;
using Orchestrator.Attach;
using Orchestrator.Wire;

namespace Orchestrator.Api.Cluster;

/// <summary>
/// One connection to a silo, shared by many conversations. A silo that does not answer pings for too long is lost, as one is
/// whose connection ends: every stream is told. Output is received and handed to its client by one thread.
/// </summary>
internal sealed class SiloConnection(SiloLink link, SiloAddress address, WireConnection wire) : IWireHandler
{
    private readonly ConcurrentDictionary<uint, SiloStream> _streams = new();
    private readonly ConcurrentDictionary<uint, TaskCompletionSource<EndResult>> _requests = new();
    private readonly TaskCompletionSource<WireFault?> _proved = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<WireFault> _gone = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly int _patience = (int)Math.Ceiling(link.Options.DeadAfter / link.Options.PingInterval);
    private readonly Lock _opening = new();
    private byte[] _hello = [];
    private uint _newest;
    private long _pinged;
    private long _ponged;
    private volatile bool _isAlive = true;

    /// <summary>Who answered.</summary>
    public SiloInstance? Silo { get; private set; }

    /// <summary>Completes with the cause when the connection is over and every stream has been told.</summary>
    public Task<WireFault> Gone => _gone.Task;

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

    public WireFault? OnFrame(in WireHeader header, ReadOnlyMemory<byte> body)
    {
        if (Silo is null)
        {
            return header.Kind == WireKind.Welcome ? Welcome(body.Span) : new WireFault(WireFaultCode.Malformed, $"{header.Kind} came before Welcome.");
        }

        return header.Kind switch
        {
            WireKind.Output => Output(header.Stream, body),
            WireKind.Credit => CreditWire.TryRead(body.Span, out var credit) ? With(header.Stream, credit.Bytes, static (s, bytes) => s.Credit(bytes)) : Malformed(header.Kind),
            WireKind.Durable => PositionWire.TryRead(body.Span, out var position) ? With(header.Stream, position, static (s, p) => s.Durable(p)) : Malformed(header.Kind),
            WireKind.Pong => Pong(body.Span),
            WireKind.Attached => Attached(header.Stream, body.Span),
            WireKind.Refused => Refused(header.Stream, body.Span),
            WireKind.Close => EndingWire.TryRead(header.Kind, body.Span, out var close)
                ? With(header.Stream, close, static (s, c) => s.Close(new EdgeClose(c.Code!.Value, c.Reason)))
                : Malformed(header.Kind),
            WireKind.Ended => Ended(header.Stream, body.Span),
            _ => new WireFault(WireFaultCode.Malformed, $"A silo does not send {header.Kind} here."),
        };
    }

    private static WireFault Malformed(WireKind kind) => new(WireFaultCode.Malformed, $"The body of {kind} cannot be read.");

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

    private WireFault? Welcome(ReadOnlySpan<byte> body)
    {
        if (!WelcomeWire.TryRead(body, out var welcome))
        {
            return Malformed(WireKind.Welcome);
        }

        if (!WireProof.Matches(link.Proof.OfSilo(_hello, body), welcome.Proof.Span))
        {
            return new WireFault(WireFaultCode.BadSecret, "The silo does not know the cluster's secret.");
        }

        if (address.Instance is { } wanted && wanted != welcome.Silo)
        {
            return new WireFault(WireFaultCode.WrongSilo, $"{wanted} was wanted, {welcome.Silo} answered.");
        }

        wire.Expect(welcome.MaxBody);
        wire.Trust();
        Silo = welcome.Silo;
        wire.TrySend(0, new ProofWire(link.Proof.OfEdge(_hello, body)));
        link.Metrics.Proved(WireSide.Edge);
        link.LogConnected(welcome.Silo.Name, address);
        _proved.TrySetResult(null);
        return null;
    }

    private WireFault? Output(uint id, ReadOnlyMemory<byte> body)
    {
        if (!OutputWire.TryRead(body, out var output))
        {
            return Malformed(WireKind.Output);
        }

        if (!_streams.TryGetValue(id, out var stream))
        {
            return Late(id);
        }

        if (!stream.Deliver(output))
        {
            link.Metrics.Late(WireSide.Edge);
        }

        return null;
    }

    private WireFault? Attached(uint id, ReadOnlySpan<byte> body)
    {
        if (!AttachedWire.TryRead(body, out var attached))
        {
            return Malformed(WireKind.Attached);
        }

        return _streams.TryGetValue(id, out var stream) ? stream.Attached(attached) : Late(id);
    }

    private WireFault? Refused(uint id, ReadOnlySpan<byte> body)
    {
        if (!EndingWire.TryRead(WireKind.Refused, body, out var refused))
        {
            return Malformed(WireKind.Refused);
        }

        if (!_streams.TryGetValue(id, out var stream))
        {
            return Late(id);
        }

        Remove(id);
        stream.Refused(new EdgeClose(refused.Code!.Value, refused.Reason));
        return null;
    }

    private WireFault? Ended(uint id, ReadOnlySpan<byte> body)
    {
        if (!EndedWire.TryRead(body, out var ended))
        {
            return Malformed(WireKind.Ended);
        }

        if (!_requests.TryGetValue(id, out var answer))
        {
            return Late(id);
        }

        answer.TrySetResult(ended.Result);
        return null;
    }

    private WireFault? With<TValue>(uint id, TValue value, Action<SiloStream, TValue> action)
    {
        if (!_streams.TryGetValue(id, out var stream))
        {
            return Late(id);
        }

        action(stream, value);
        return null;
    }

    private WireFault? Late(uint id)
    {
        if (id == 0 || id > Volatile.Read(ref _newest))
        {
            return new WireFault(WireFaultCode.UnknownStream, $"Stream {id} was never opened.");
        }

        link.Metrics.Late(WireSide.Edge);
        return null;
    }

    private WireFault? Pong(ReadOnlySpan<byte> body)
    {
        if (!PingWire.TryRead(body, out var number) || number > Volatile.Read(ref _pinged))
        {
            return Malformed(WireKind.Pong);
        }

        Volatile.Write(ref _ponged, number);
        return null;
    }

    /// <summary>
    /// Counts pings, not time: after a pause of this very process the answers that wait in the socket are read first.
    /// </summary>
    private void Ping()
    {
        if (Silo is null)
        {
            return;
        }

        if (_pinged - Volatile.Read(ref _ponged) >= _patience)
        {
            _isAlive = false;
            wire.End(new WireFault(WireFaultCode.Silent, "The silo does not answer."), tell: false);
            return;
        }

        wire.TrySend(0, new PingWire(WireKind.Ping, Interlocked.Increment(ref _pinged)));
    }
}
