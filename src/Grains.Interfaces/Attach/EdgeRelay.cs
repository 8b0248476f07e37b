namespace Orchestrator.Attach;

/// <summary>
/// Stands between a client's edge and whichever silo serves the conversation, and keeps what a next one needs. To the
/// client's edge it is one attachment that lasts; each silo gets an edge of its own, which goes deaf when the next one is
/// asked for: no more than one epoch's output ever reaches the client (P4). Memory is given back when the client has left and
/// a silo has all that it said.
/// </summary>
/// <param name="client">The client's edge.</param>
/// <param name="maxBytes">Bound of the kept input, as in <see cref="EdgeLog"/>.</param>
/// <param name="clock">Measures for how long nobody serves the client.</param>
/// <param name="unserved">Told, from any thread, when the silo is gone or sends the conversation away: attach elsewhere with
/// <see cref="Next"/> and <see cref="Remember"/>.</param>
public sealed class EdgeRelay(IEdge client, long maxBytes, TimeProvider clock, Action<string> unserved) : IAttachment, IDisposable
{
    /// <summary>Input that waits for a silo at which the client gets no more credit.</summary>
    private const long MostWaiting = 1024 * 1024;

    private readonly IEdge _client = client;
    private readonly EdgeLog _log = new(maxBytes);
    private readonly Lock _gate = new();
    private Served? _newest;
    private IAttachment? _silo;
    private TaskCompletionSource? _credit;
    private long _unservedSince = clock.GetTimestamp();
    private long _sentTo;
    private long _servedIn;
    private long _waitingBytes;
    private bool _pumping;
    private bool _disposed;
    private (int? Code, string Reason)? _detached;

    public int Generation => Volatile.Read(ref _silo)?.Generation ?? 0;

    public long Epoch => Volatile.Read(ref _silo)?.Epoch ?? 0;

    public long NextInput => _log.Last + 1;

    public long NextOutput => Volatile.Read(ref _silo)?.NextOutput ?? 0;

    /// <summary>The client's socket has ended: nobody need be found to serve it.</summary>
    public bool IsOver => Over() is not null;

    /// <summary>Bytes of the client's input that are kept.</summary>
    internal long KeptBytes => _log.KeptBytes;

    /// <summary>The edge for the next silo. Whatever an earlier one still says is ignored.</summary>
    public IEdge Next()
    {
        lock (_gate)
        {
            _silo = null;
            return _newest = new Served(this);
        }
    }

    /// <summary>To be called when an attach has completed: hands over what that silo does not have. Until then input waits.</summary>
    public Task ServeAsync() => Volatile.Read(ref _silo) is { } silo ? PumpAsync(silo) : Task.CompletedTask;

    /// <summary>What the next silo is told; null before the first.</summary>
    public EdgeMemory? Remember() => _log.Remember(clock.GetElapsedTime(_unservedSince)) is { } memory
        ? memory with { Epoch = Volatile.Read(ref _servedIn) }
        : null;

    /// <summary>The silo that served the client is gone.</summary>
    /// <param name="edge">The edge that it had; an older one than the newest is ignored.</param>
    /// <param name="reason">What was observed.</param>
    public void Lost(IEdge edge, string reason)
    {
        lock (_gate)
        {
            if (edge != _newest)
            {
                return;
            }

            (_newest, _silo, _unservedSince) = (null, null, clock.GetTimestamp());
            if (_detached is not null)
            {
                return;
            }
        }

        unserved(reason);
    }

    public ValueTask PushAsync(in InputFrame frame)
    {
        IAttachment silo;
        long position;
        lock (_gate)
        {
            if (_disposed)
            {
                return ValueTask.CompletedTask;
            }

            position = _log.Keep(frame);
            if (_silo is null || _pumping)
            {
                _waitingBytes += frame.Payload.Length;
                _credit ??= _waitingBytes > MostWaiting ? new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously) : null;
                return _credit is { } credit ? new ValueTask(credit.Task) : ValueTask.CompletedTask;
            }

            (silo, _sentTo) = (_silo, position);
        }

        return silo.PushAsync(frame with { Seq = position });
    }

    public void Acknowledge(long outputSeq) => Volatile.Read(ref _silo)?.Acknowledge(outputSeq);

    public void Detach(int? code, string reason)
    {
        IAttachment? silo;
        lock (_gate)
        {
            _detached = (code, reason);
            silo = _pumping ? null : _silo;
        }

        if (silo is not null)
        {
            silo.Detach(code, reason);
            Dispose();
        }
    }

    /// <summary>The client's edge is closed, whoever serves it.</summary>
    public void Close(EdgeClose close) => _client.Close(close);

    /// <summary>What is kept is not needed any more. The relay does it itself, unless nobody is found to serve the client.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            _disposed = true;
        }

        _log.Dispose();
    }

    private void Opened(Served by, IAttachment silo, bool awaitsSetup)
    {
        var first = false;
        (int? Code, string Reason)? gone;
        lock (_gate)
        {
            if (by != _newest)
            {
                gone = (null, "another silo serves the client");
            }
            else
            {
                first = !_log.HasBegun;
                _log.Begin(silo);
                (_silo, _sentTo, _pumping) = (silo, silo.NextInput - 1, true);
                Volatile.Write(ref _servedIn, silo.Epoch);
                gone = first ? _detached : null;
            }
        }

        if (gone is var (code, reason))
        {
            silo.Detach(code, reason);
            return;
        }

        if (first)
        {
            _client.Opened(this, awaitsSetup);
        }
    }

    /// <summary>Hands over what the silo does not have, oldest first, as fast as it takes it.</summary>
    private async Task PumpAsync(IAttachment silo)
    {
        (int? Code, string Reason)? gone;
        while (true)
        {
            InputFrame next;
            lock (_gate)
            {
                if (silo != _silo)
                {
                    return;
                }

                if (_log.NextAfter(_sentTo) is not { } frame)
                {
                    (_pumping, _waitingBytes) = (false, 0);
                    _credit?.TrySetResult();
                    _credit = null;
                    gone = _detached;
                    break;
                }

                (next, _sentTo) = (frame, frame.Seq);
            }

            await silo.PushAsync(next);
        }

        if (gone is var (code, reason))
        {
            silo.Detach(code, reason);
            Dispose();
        }
    }

    private (int? Code, string Reason)? Over()
    {
        lock (_gate)
        {
            return _detached;
        }
    }

    private bool IsNewest(Served by) => by == Volatile.Read(ref _newest);

    private sealed class Served(EdgeRelay relay) : ILastingEdge
    {
        private IAttachment? _attachment;

        public void Opened(IAttachment attachment, bool awaitsSetup)
        {
            _attachment = attachment;
            relay.Opened(this, attachment, awaitsSetup);
        }

        public void Deliver(in OutputFrame frame)
        {
            if (relay.IsNewest(this))
            {
                relay._log.Delivered(frame);
                relay._client.Deliver(frame);
            }
        }

        public void Durable(long inputSeq)
        {
            if (relay.IsNewest(this))
            {
                relay._log.Settled(inputSeq);
            }
        }

        public void Lost(string reason) => relay.Lost(this, reason);

        public void Close(EdgeClose close)
        {
            if (close != EdgeClose.Moving && close != EdgeClose.OwnerLost && relay.IsNewest(this))
            {
                // The client answers, and is detached then.
                relay._client.Close(close);
                return;
            }

            _attachment?.Detach(null, close.Reason);
            relay.Lost(this, close.Reason);
        }
    }
}
