using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text;

namespace Gemini.Live.WebSockets;

/// <summary>
/// The server end of a WebSocket (RFC 6455, no extensions) over a duplex stream whose HTTP upgrade is done. It exists
/// because a conversation needs what <see cref="System.Net.WebSockets.WebSocket"/> does not give: pings with a payload
/// and their pongs as positions in the output, pongs on demand, sends that never wait, and no allocation per frame.
/// Sending members are thread-safe. Disposing it aborts it and disposes the stream, which nobody writes to any more when that
/// is over. A stream whose reads or writes do not end when their token is cancelled must be torn down by its owner.
/// </summary>
public sealed class LiveServerSocket : IAsyncDisposable
{
    private const string HandshakeGuid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"; // RFC 6455 §1.3
    private const int NormalClosure = 1000;
    private const int InternalError = 1011;

    private readonly Stream _stream;
    private readonly ServerSocketOptions _options;
    private readonly CancellationTokenSource _aborted = new();
    private readonly SendQueue _sends;
    private readonly Lock _closing = new();
    private SocketEnd? _end;
    private ITimer? _grace;
    private bool _disposed;

    /// <param name="duplex">The upgraded connection; owned from here on.</param>
    public LiveServerSocket(Stream duplex, ServerSocketOptions options)
    {
        _stream = duplex;
        _options = options;
        _sends = new SendQueue(duplex, options.Clock, options.MaxQueuedBytes, _aborted.Token, OnSendFailed);
    }

    /// <summary>Bytes accepted and not yet taken by the transport.</summary>
    public long QueuedBytes => _sends.QueuedBytes;

    /// <summary>Timestamp of <see cref="ServerSocketOptions.Clock"/> since when the write in flight has not completed; null when none is in flight.</summary>
    public long? StalledSinceTimestamp => _sends.StalledSince;

    /// <summary>Value of <c>Sec-WebSocket-Accept</c> for a client's <c>Sec-WebSocket-Key</c> (RFC 6455 §4.2.2).</summary>
    public static string AcceptKey(string secWebSocketKey) =>
#pragma warning disable CA5350 // SHA-1 is what the protocol names; nothing is secured by it.
        Convert.ToBase64String(SHA1.HashData(Encoding.ASCII.GetBytes(secWebSocketKey.Trim() + HandshakeGuid)));
#pragma warning restore CA5350

    /// <summary>
    /// Receives until the end and says how it ended. Call it once. After it returns nothing more is received; the
    /// close handshake is over, or was given up.
    /// </summary>
    public async Task<SocketEnd> RunAsync(IServerSocketHandler handler, CancellationToken abort)
    {
        using var registration = abort.UnsafeRegister(static self => ((LiveServerSocket)self!).Abort(), this);
        using var reader = new MessageReader(_options.MaxFrameBytes);
        try
        {
            while (!_aborted.IsCancellationRequested)
            {
                switch (reader.Next())
                {
                    case ReadStep.NeedMore:
                        var count = await ReceiveAsync(reader.Room());
                        if (count == 0)
                        {
                            return Finish();
                        }

                        reader.Filled(count);
                        break;
                    case ReadStep.Message:
                        // Also after our own close: what the peer said before it saw the close frame was said.
                        await handler.OnFrameAsync(reader.Payload, reader.Binary);
                        break;
                    case ReadStep.Ping when _options.AutoPong:
                        TryPong(reader.Payload.Span);
                        break;
                    case ReadStep.Ping:
                        handler.OnPing(reader.Payload.Span);
                        break;
                    case ReadStep.Pong:
                        handler.OnPong(reader.Payload.Span);
                        break;
                    case ReadStep.Close when FrameCodec.TryReadClose(reader.Payload.Span, out var code, out var reason):
                        handler.OnPeerClosing(code, reason);
                        await AnswerCloseAsync(code, reason);
                        return Finish();
                    case ReadStep.Close:
                        await RefuseAsync(reader, 1002, "Bad close frame.");
                        return Finish();
                    default:
                        await RefuseAsync(reader, reader.Fault.Code, reader.Fault.Reason);
                        return Finish();
                }
            }

            return Finish();
        }
        finally
        {
            // Also when the handler threw: nothing may wait for a socket that no one reads.
            Abort();
        }
    }

    /// <summary>
    /// Sends a message without ever waiting: written by the calling thread when no write is in flight, queued otherwise.
    /// </summary>
    /// <returns>False when the queue's bound would be passed or the socket is closing; nothing was sent then.</returns>
    public bool TrySend(ReadOnlySpan<byte> payload, bool binary) =>
        _sends.TryEnqueue(binary ? Opcode.Binary : Opcode.Text, payload);

    /// <summary>Sends a ping of at most 125 bytes behind everything sent before; its pong proves that all of it arrived.</summary>
    public bool TryPing(ReadOnlySpan<byte> payload) =>
        payload.Length <= FrameCodec.MaxControlPayload && _sends.TryEnqueue(Opcode.Ping, payload);

    /// <summary>Sends a pong of at most 125 bytes.</summary>
    public bool TryPong(ReadOnlySpan<byte> payload) =>
        payload.Length <= FrameCodec.MaxControlPayload && _sends.TryEnqueue(Opcode.Pong, payload);

    /// <summary>
    /// Sends a close frame after everything queued, and aborts when <see cref="ServerSocketOptions.CloseGrace"/> passes
    /// without progress. The first call wins. A code that may not stand in a close frame becomes 1011.
    /// </summary>
    public void Close(int code, string reason) => Close(SocketEndKind.ClosedByUs, code, reason);

    /// <summary>Ends at once: nothing more is sent or received, and <see cref="RunAsync"/> returns.</summary>
    public void Abort()
    {
        lock (_closing)
        {
            _end ??= new SocketEnd(SocketEndKind.Aborted, null, "Aborted.");
            _grace?.Dispose();
            _grace = null;
            if (_disposed)
            {
                return;
            }
        }

        // Not Cancel(): it would resume RunAsync's caller on this thread, inside whatever it is doing.
        _ = _aborted.CancelAsync();
        _sends.Discard();
    }

    public async ValueTask DisposeAsync()
    {
        Abort();
        lock (_closing)
        {
            if (_disposed)
            {
                return;
            }

            _disposed = true;
        }

        // Whoever was sending may still be inside the stream.
        await _sends.StoppedAsync();
        await _stream.DisposeAsync();
    }

    private void Close(SocketEndKind kind, int code, string reason)
    {
        code = FrameCodec.MaySend(code) ? code : InternalError;
        if (Record(new SocketEnd(kind, code, reason)))
        {
            StartGrace();
            _sends.Close(FrameCodec.ClosePayload(code, reason));
        }
    }

    private async Task AnswerCloseAsync(int? code, string reason)
    {
        if (Record(new SocketEnd(SocketEndKind.PeerClosed, code, reason)))
        {
            // An empty close is answered with 1000: LiveKit takes an echoed empty close for a fatal one.
            StartGrace();
            _sends.Close(FrameCodec.ClosePayload(code ?? NormalClosure, ""));
        }

        await _sends.Drained;
        lock (_closing)
        {
            if (!_aborted.IsCancellationRequested)
            {
                _end = _end! with { Clean = true };
            }
        }
    }

    private async Task RefuseAsync(MessageReader reader, int code, string reason)
    {
        Close(SocketEndKind.ProtocolViolation, code, reason);

        // Closing a TCP connection with unread bytes resets it, and a reset would overtake the close frame.
        // So what still comes is read and thrown away until the peer leaves or the grace is over.
        var discard = new byte[4096];
        while (await ReceiveAsync(discard) > 0)
        {
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<int> ReceiveAsync(Memory<byte> room)
    {
        try
        {
            var count = await _stream.ReadAsync(room, _aborted.Token);
            if (count == 0)
            {
                Record(new SocketEnd(SocketEndKind.NetworkLost, null, "The peer left without a close frame."));
            }

            return count;
        }
        catch (OperationCanceledException) when (_aborted.IsCancellationRequested)
        {
            return 0;
        }
        catch (Exception failure)
        {
            // Whatever a transport throws from a read means that the connection is gone.
            Record(new SocketEnd(SocketEndKind.NetworkLost, null, failure.Message));
            return 0;
        }
    }

    private SocketEnd Finish()
    {
        lock (_closing)
        {
            return _end!;
        }
    }

    private bool Record(SocketEnd end)
    {
        lock (_closing)
        {
            if (_end is not null)
            {
                return false;
            }

            _end = end;
            return true;
        }
    }

    private void OnSendFailed(Exception failure)
    {
        Record(new SocketEnd(SocketEndKind.NetworkLost, null, failure.Message));
        Abort();
    }

    private void StartGrace()
    {
        lock (_closing)
        {
            if (!_aborted.IsCancellationRequested)
            {
                _grace = _options.Clock.CreateTimer(
                    static self => ((LiveServerSocket)self!).OnGrace(), this, _options.CloseGrace, Timeout.InfiniteTimeSpan);
            }
        }
    }

    private void OnGrace()
    {
        var left = _options.CloseGrace - _options.Clock.GetElapsedTime(_sends.LastProgress);
        lock (_closing)
        {
            if (left > TimeSpan.Zero && _grace is { } timer)
            {
                timer.Change(left, Timeout.InfiniteTimeSpan);
                return;
            }
        }

        Abort();
    }
}
