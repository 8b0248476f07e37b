using System.Buffers;
using System.Runtime.CompilerServices;

namespace Gemini.Live.WebSockets;

/// <summary>
/// The sending half: frames are encoded into one pooled buffer and written by whoever finds no write in flight;
/// what comes meanwhile waits in a second buffer and goes out in one write. No thread ever waits here.
/// </summary>
internal sealed class SendQueue
{
    // Large queues go out in pieces, so that progress can be seen (stalls, the grace of a close).
    private const int MaxWrite = 128 * 1024;
    private const int BaseSize = 4 * 1024;

    private readonly Stream _stream;
    private readonly TimeProvider _clock;
    private readonly int _maxQueued;
    private readonly bool _masks;
    private readonly CancellationToken _aborted;
    private readonly Action<Exception> _failed;
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
    private bool _gone;
    private long _stalledSince = long.MinValue;
    private long _lastProgress;
    private ValueTaskAwaiter _write;
    private TaskCompletionSource? _idle;
    private TaskCompletionSource? _stopped;

    /// <param name="failed">Called once, outside any lock, when the transport refuses a write.</param>
    /// <param name="masks">True at a client's end.</param>
    public SendQueue(Stream stream, TimeProvider clock, int maxQueued, CancellationToken aborted, Action<Exception> failed, bool masks = false)
    {
        _masks = masks;
        _stream = stream;
        _clock = clock;
        _maxQueued = maxQueued;
        _aborted = aborted;
        _failed = failed;
        _onWritten = OnWritten;
        _lastProgress = clock.GetTimestamp();
    }

    /// <summary>Bytes accepted and not yet taken by the transport.</summary>
    public long QueuedBytes
    {
        get
        {
            lock (_gate)
            {
                return _waitingLength + (_inFlightLength - _sent);
            }
        }
    }

    /// <summary>Bytes that wait behind the write in flight.</summary>
    public int WaitingBytes
    {
        get
        {
            lock (_gate)
            {
                return _waitingLength;
            }
        }
    }

    /// <summary>Since when the write in flight has not completed.</summary>
    public long? StalledSince => Volatile.Read(ref _stalledSince) is var since and not long.MinValue ? since : null;

    /// <summary>When the transport last took something, or the close frame was queued.</summary>
    public long LastProgress => Volatile.Read(ref _lastProgress);

    /// <summary>Completes when everything up to the close frame was taken, or nothing will be any more.</summary>
    public Task Drained => _drained.Task;

    /// <summary>Completes when the transport has everything that was accepted so far, or will take nothing more.</summary>
    public ValueTask TakenAsync()
    {
        lock (_gate)
        {
            if (!_writing || _gone)
            {
                return ValueTask.CompletedTask;
            }

            _idle ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return new ValueTask(_idle.Task);
        }
    }

    /// <summary>After <see cref="Discard"/>: completes when the stream is no longer being written to, and never will be again.</summary>
    public Task StoppedAsync()
    {
        lock (_gate)
        {
            return _writing ? (_stopped ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task : Task.CompletedTask;
        }
    }

    /// <summary>False when the bound would be passed, or after <see cref="Close"/> or <see cref="Discard"/>.</summary>
    public bool TryEnqueue(Opcode opcode, ReadOnlySpan<byte> payload)
    {
        lock (_gate)
        {
            var size = SizeOf(payload);
            if (_closed || _waitingLength + (_inFlightLength - _sent) + (long)size > _maxQueued)
            {
                return false;
            }

            Append_NeedsLock(opcode, payload, size);
            if (_writing)
            {
                return true;
            }

            TakeWaiting_NeedsLock();
        }

        Flush();
        return true;
    }

    /// <summary>Queues the last frame, whatever the bound; false when one is queued already.</summary>
    public bool Close(ReadOnlySpan<byte> payload)
    {
        lock (_gate)
        {
            if (_closed)
            {
                return false;
            }

            Append_NeedsLock(Opcode.Close, payload, SizeOf(payload));
            _closed = true;
            Volatile.Write(ref _lastProgress, _clock.GetTimestamp());
            if (_writing)
            {
                return true;
            }

            TakeWaiting_NeedsLock();
        }

        Flush();
        return true;
    }

    /// <summary>Gives up everything that waits. The buffer of a write in flight is given back when that write ends.</summary>
    public void Discard()
    {
        TaskCompletionSource? idle;
        lock (_gate)
        {
            _closed = _gone = true;
            (idle, _idle) = (_idle, null);
            _waitingLength = 0;
            GiveBack(ref _waiting);
            if (!_writing)
            {
                _inFlightLength = _sent = 0;
                GiveBack(ref _inFlight);
            }
        }

        idle?.TrySetResult();
        _drained.TrySetResult();
    }

    private int SizeOf(ReadOnlySpan<byte> payload) => FrameCodec.HeaderSize(payload.Length) + (_masks ? FrameCodec.MaskSize : 0) + payload.Length;

    private void Append_NeedsLock(Opcode opcode, ReadOnlySpan<byte> payload, int size)
    {
        var length = _waitingLength + size;
        if (length > _waiting.Length)
        {
            var next = ArrayPool<byte>.Shared.Rent(Math.Max(BaseSize, Math.Max(length, _waitingLength * 2)));
            _waiting.AsSpan(0, _waitingLength).CopyTo(next);
            GiveBack(ref _waiting);
            _waiting = next;
        }

        if (_masks)
        {
            FrameCodec.WriteMasked(_waiting.AsSpan(_waitingLength), opcode, payload, MaskKeys.Next());
        }
        else
        {
            FrameCodec.Write(_waiting.AsSpan(_waitingLength), opcode, payload);
        }

        _waitingLength = length;
    }

    private void TakeWaiting_NeedsLock()
    {
        _writing = true;
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
                    Volatile.Write(ref _stalledSince, _clock.GetTimestamp());
                    _write.UnsafeOnCompleted(_onWritten);
                    return;
                }

                _write.GetResult();
            }
            catch (Exception failure)
            {
                Fail(failure);
                return;
            }
        }
        while (Advance());
    }

    private void OnWritten()
    {
        Volatile.Write(ref _stalledSince, long.MinValue);
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
        TaskCompletionSource? idle;
        lock (_gate)
        {
            _sent += _piece;
            Volatile.Write(ref _lastProgress, _clock.GetTimestamp());
            if (_sent < _inFlightLength)
            {
                return true;
            }

            if (_waitingLength > 0)
            {
                TakeWaiting_NeedsLock();
                return true;
            }

            _writing = false;
            _inFlightLength = _sent = 0;
            GiveBack(ref _inFlight);
            GiveBack(ref _waiting);
            last = _closed;
            (idle, _idle) = (_idle, null);
            _stopped?.TrySetResult();
        }

        idle?.TrySetResult();
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
            _stopped?.TrySetResult();
        }

        Discard();
        _failed(failure);
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
