using System.Buffers;
using System.Runtime.CompilerServices;

namespace Orchestrator.Wire;

internal enum WireSend
{
    Sent,

    /// <summary>The stream has too much waiting already; nothing was queued.</summary>
    LaneFull,

    /// <summary>The frame is larger than the peer reads; nothing was queued.</summary>
    TooLarge,

    /// <summary>The connection is over.</summary>
    Closed,
}

/// <summary>
/// The sending half: a frame is written by the thread that brings it when nothing was written for
/// <see cref="WireFlusher.Window"/>; what comes sooner, of whatever streams, is held back and goes out in one write, and so
/// does what comes while a write is under way. No thread ever waits here, and a frame costs no allocation.
/// Overflow policy: a stream that passes its lane's bound is told, a connection that passes its own is given up.
/// </summary>
internal sealed class WireSender
{
    // Long queues go out in pieces, so that what has left can be counted.
    private const int MaxWrite = 128 * 1024;
    private const int BaseSize = 4 * 1024;

    // So much is worth a write of its own.
    private const int MaxHeld = 32 * 1024;

    private readonly Stream _stream;
    private readonly WireFlusher _flusher;
    private readonly TimeProvider _clock;
    private readonly long _window;
    private readonly int _maxQueued;
    private readonly CancellationToken _aborted;
    private readonly Action<WireFault> _failed;
    private readonly Action _onWritten;
    private readonly Lock _gate = new();
    private readonly TaskCompletionSource _drained = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private byte[] _waiting = [];
    private int _waitingLength;
    private byte[] _inFlight = [];
    private int _inFlightLength;
    private int _sent;
    private int _piece;
    private bool _writing;
    private bool _closed;
    private bool _held;
    private long _lastWrite = long.MinValue / 2;
    private long _queuedEver;
    private long _sentEver;
    private ValueTaskAwaiter _write;

    /// <param name="failed">Called once, outside the lock, when the transport refuses a write or the queue is full.</param>
    public WireSender(Stream stream, WireFlusher flusher, TimeProvider clock, int maxQueued, CancellationToken aborted, Action<WireFault> failed)
    {
        _stream = stream;
        _flusher = flusher;
        _clock = clock;
        _window = (long)(WireFlusher.Window.TotalSeconds * clock.TimestampFrequency);
        _maxQueued = maxQueued;
        _aborted = aborted;
        _failed = failed;
        _onWritten = OnWritten;
    }

    /// <summary>Largest body that the peer reads.</summary>
    public int MaxBody { get; set; } = int.MaxValue / 2;

    /// <summary>Bytes that wait for the transport.</summary>
    public long QueuedBytes
    {
        get
        {
            lock (_gate)
            {
                return _queuedEver - _sentEver;
            }
        }
    }

    /// <summary>Completes when everything up to the last frame has left, or nothing will any more.</summary>
    public Task Drained => _drained.Task;

    /// <param name="lane">Whose frame it is, when its share of the queue is bounded.</param>
    /// <param name="last">True when nothing may follow it.</param>
    public WireSend TrySend<TFrame>(uint stream, in TFrame frame, WireLane? lane = null, bool last = false)
        where TFrame : struct, IWireFrame
    {
        var header = new WireHeader(frame.Size, frame.Kind, stream);
        if (header.Length > MaxBody)
        {
            return WireSend.TooLarge;
        }

        var now = _clock.GetTimestamp();
        bool full;
        var holds = false;
        lock (_gate)
        {
            if (_closed)
            {
                return WireSend.Closed;
            }

            full = _queuedEver - _sentEver > _maxQueued;
            if (!full)
            {
                if (lane?.TryTake(header.FrameSize, _queuedEver, _sentEver) == false)
                {
                    return WireSend.LaneFull;
                }

                Append_NeedsLock(header, frame);
                _closed = last;
                if (_writing)
                {
                    return WireSend.Sent;
                }

                if (now - _lastWrite < _window && _waitingLength < MaxHeld && !last)
                {
                    if (_held)
                    {
                        return WireSend.Sent;
                    }

                    _held = holds = true;
                }
                else
                {
                    TakeWaiting_NeedsLock(now);
                }
            }
        }

        if (holds)
        {
            _flusher.Add(this);
            return WireSend.Sent;
        }

        if (full)
        {
            Discard();
            _failed(new WireFault(WireFaultCode.QueueFull, $"More than {_maxQueued} bytes are waiting for the peer to read."));
            return WireSend.Closed;
        }

        Flush();
        return WireSend.Sent;
    }

    /// <summary>Writes what was held back, unless it has left already. For <see cref="WireFlusher"/>.</summary>
    public void FlushHeld()
    {
        var now = _clock.GetTimestamp();
        lock (_gate)
        {
            _held = false;
            if (_writing || _waitingLength == 0)
            {
                return;
            }

            TakeWaiting_NeedsLock(now);
        }

        Flush();
    }

    /// <summary>Gives up everything that waits. The buffer of a write under way is given back when that write ends.</summary>
    public void Discard()
    {
        lock (_gate)
        {
            _closed = true;
            _waitingLength = 0;
            GiveBack(ref _waiting);
            if (!_writing)
            {
                _inFlightLength = _sent = 0;
                GiveBack(ref _inFlight);
            }
        }

        _drained.TrySetResult();
    }

    private void Append_NeedsLock<TFrame>(in WireHeader header, in TFrame frame)
        where TFrame : struct, IWireFrame
    {
        var length = _waitingLength + header.FrameSize;
        if (length > _waiting.Length)
        {
            var next = ArrayPool<byte>.Shared.Rent((int)Math.Min(Array.MaxLength, Math.Max(BaseSize, Math.Max(length, _waitingLength * 2L))));
            _waiting.AsSpan(0, _waitingLength).CopyTo(next);
            GiveBack(ref _waiting);
            _waiting = next;
        }

        header.Write(_waiting.AsSpan(_waitingLength));
        var body = new WireWriter(_waiting.AsSpan(_waitingLength + WireHeader.Size, header.Length));
        frame.Write(ref body);
        _waitingLength = length;
        _queuedEver += header.FrameSize;
    }

    private void TakeWaiting_NeedsLock(long now)
    {
        _writing = true;
        _lastWrite = now;
        (_inFlight, _waiting) = (_waiting, _inFlight);
        (_inFlightLength, _waitingLength, _sent) = (_waitingLength, 0, 0);
    }

    private void Flush()
    {
        do
        {
            _piece = Math.Min(MaxWrite, _inFlightLength - _sent);
            try
            {
                _write = _stream.WriteAsync(_inFlight.AsMemory(_sent, _piece), _aborted).GetAwaiter();
                if (!_write.IsCompleted)
                {
                    _write.UnsafeOnCompleted(_onWritten);
                    return;
                }

                _write.GetResult();
            }
            catch (Exception failure)
            {
                // Whatever a transport throws from a write means that the connection is gone.
                Fail(failure);
                return;
            }
        }
        while (Advance());
    }

    private void OnWritten()
    {
        try
        {
            _write.GetResult();
        }
        catch (Exception failure)
        {
            Fail(failure);
            return;
        }

        if (Advance())
        {
            Flush();
        }
    }

    /// <summary>Books the finished piece; true when there is more to write.</summary>
    private bool Advance()
    {
        bool last;
        lock (_gate)
        {
            _sent += _piece;
            _sentEver += _piece;
            if (_sent < _inFlightLength)
            {
                return true;
            }

            if (_waitingLength > 0)
            {
                TakeWaiting_NeedsLock(_clock.GetTimestamp());
                return true;
            }

            _writing = false;
            _inFlightLength = _sent = 0;
            ShrinkWhenIdle_NeedsLock(ref _inFlight);
            ShrinkWhenIdle_NeedsLock(ref _waiting);
            last = _closed;
        }

        if (last)
        {
            _drained.TrySetResult();
        }

        return false;
    }

    private void Fail(Exception failure)
    {
        lock (_gate)
        {
            _writing = false;
            _closed = true; // in the same lock: no one may start a write between the two
        }

        Discard();
        _failed(new WireFault(WireFaultCode.NetworkLost, failure.Message));
    }

    /// <summary>A connection of many conversations is never idle for long: small buffers stay.</summary>
    private void ShrinkWhenIdle_NeedsLock(ref byte[] buffer)
    {
        if (_closed || buffer.Length > MaxWrite)
        {
            GiveBack(ref buffer);
        }
    }

    private static void GiveBack(ref byte[] buffer)
    {
        if (buffer.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(buffer);
            buffer = [];
        }
    }
}
