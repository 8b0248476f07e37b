using System.Net.Sockets;

namespace Orchestrator.Wire;

/// <summary>What a side does with the frames of a connection.</summary>
internal interface IWireHandler
{
    /// <summary>Takes a frame, on the receiving thread, one at a time. It must not block.</summary>
    /// <param name="body">Valid only during the call.</param>
    /// <returns>Null, or why the connection must end: the peer is told.</returns>
    WireFault? OnFrame(in WireHeader header, ReadOnlyMemory<byte> body);
}

/// <summary>Bounds of one connection.</summary>
/// <param name="MaxBody">Largest body that is read from a peer that has proved itself.</param>
/// <param name="MaxQueued">Bytes that may wait for the peer to read.</param>
/// <param name="Grace">How long the last word to the peer may take.</param>
internal sealed record WireBounds(int MaxBody, int MaxQueued, TimeSpan Grace);

/// <summary>
/// One connection of the internal link, either end: receives until the end, sends from any thread without waiting, and
/// knows why it ended; the first cause is kept. Nothing that a peer sends can make it throw.
/// </summary>
internal sealed class WireConnection : IAsyncDisposable
{
    /// <summary>Largest body of a peer that has not proved itself.</summary>
    private const int StrangerBody = 4 * 1024;

    private readonly Stream _stream;
    private readonly Socket _socket;
    private readonly WireBounds _bounds;
    private readonly TimeProvider _clock;
    private readonly CancellationTokenSource _aborted = new();
    private readonly CancellationTokenSource _ending = new();
    private readonly WireSender _sender;
    private readonly WireReader _reader = new() { MaxBody = StrangerBody };
    private readonly Lock _gate = new();
    private WireFault? _end;
    private bool _tell;

    /// <param name="stream">Over the socket, perhaps encrypted; owned from here on, as the socket is.</param>
    public WireConnection(Stream stream, Socket socket, WireBounds bounds, TimeProvider clock)
    {
        _stream = stream;
        _socket = socket;
        _bounds = bounds;
        _clock = clock;
        _sender = new WireSender(stream, WireFlusher.Shared, clock, bounds.MaxQueued, _aborted.Token, fault => End(fault, tell: false));
    }

    /// <summary>Bytes that wait for the peer to read.</summary>
    public long QueuedBytes => _sender.QueuedBytes;

    /// <summary>What the handler threw, if it did: one connection ends, the process goes on, and whoever runs it logs this.</summary>
    public Exception? Bug { get; private set; }

    /// <summary>Sends without waiting; see <see cref="WireSender.TrySend"/>.</summary>
    public WireSend TrySend<TFrame>(uint stream, in TFrame frame, WireLane? lane = null)
        where TFrame : struct, IWireFrame => _sender.TrySend(stream, frame, lane);

    /// <summary>The largest body that the peer says it reads.</summary>
    public void Expect(int maxBody) => _sender.MaxBody = maxBody;

    /// <summary>The peer has proved itself: from now on large frames are read, too.</summary>
    public void Trust() => _reader.MaxBody = _bounds.MaxBody;

    /// <summary>Ends the connection. The first call wins.</summary>
    /// <param name="tell">True to say why before leaving; false when the peer can't be expected to hear.</param>
    public void End(WireFault fault, bool tell)
    {
        lock (_gate)
        {
            if (_end is not null)
            {
                return;
            }

            (_end, _tell) = (fault, tell);
        }

        // Not Cancel(): it would resume the receiving loop on this thread, inside whatever it is doing.
        _ = _ending.CancelAsync();
    }

    /// <summary>Receives until the end, says the last word, and tells how it ended. Call it once.</summary>
    public async Task<WireFault> RunAsync(IWireHandler handler)
    {
        try
        {
            while (!_ending.IsCancellationRequested)
            {
                if (_reader.TryNext(out var header, out var body))
                {
                    if (header.Kind == WireKind.Goodbye)
                    {
                        End(Heard(body.Span), tell: false);
                    }
                    else if (handler.OnFrame(header, body) is { } fault)
                    {
                        End(fault, tell: true);
                    }
                }
                else if (_reader.Fault is { } fault)
                {
                    End(fault, tell: true);
                }
                else
                {
                    _reader.Filled(await _stream.ReadAsync(_reader.Room(), _ending.Token) is var count and > 0 ? count : Left());
                }
            }
        }
        catch (OperationCanceledException) when (_ending.IsCancellationRequested)
        {
            // The end has been recorded by whoever asked for it.
        }
        catch (Exception failure) when (failure is IOException or SocketException or ObjectDisposedException or System.Security.Authentication.AuthenticationException)
        {
            End(new WireFault(WireFaultCode.NetworkLost, failure.Message), tell: false);
        }
        catch (Exception bug)
        {
            Bug = bug;
            End(new WireFault(WireFaultCode.Internal, "Internal error."), tell: true);
        }

        await SayGoodbyeAsync();
        _reader.Dispose();
        return _end!;
    }

    public async ValueTask DisposeAsync()
    {
        End(new WireFault(WireFaultCode.Stopping, "The connection was disposed."), tell: false);
        await _aborted.CancelAsync();
        _sender.Discard();
        await _stream.DisposeAsync();
        _socket.Dispose();
    }

    private static WireFault Heard(ReadOnlySpan<byte> body) => GoodbyeWire.TryRead(body, out var goodbye)
        ? goodbye.Fault with { Reason = $"The peer says: {goodbye.Fault.Reason}" }
        : new WireFault(WireFaultCode.Malformed, "The peer's goodbye cannot be read.");

    private int Left()
    {
        End(new WireFault(WireFaultCode.PeerLeft, "The peer closed the connection."), tell: false);
        return 0;
    }

    /// <summary>
    /// Closing a TCP connection with unread bytes resets it, and a reset would overtake the goodbye. So what still comes
    /// is read and thrown away until the peer leaves or the grace is over.
    /// </summary>
    private async Task SayGoodbyeAsync()
    {
        if (!_tell || _sender.TrySend(0, new GoodbyeWire(_end!), last: true) != WireSend.Sent)
        {
            return;
        }

        using var grace = new CancellationTokenSource(_bounds.Grace, _clock);
        try
        {
            await _sender.Drained.WaitAsync(grace.Token);
            _socket.Shutdown(SocketShutdown.Send);
            while (await _stream.ReadAsync(_reader.Room(), grace.Token) > 0)
            {
            }
        }
        catch (Exception failure) when (failure is OperationCanceledException or IOException or SocketException or ObjectDisposedException or InvalidOperationException or NotSupportedException)
        {
            // The peer has left, or does not listen: it was told as well as it could be.
        }
    }
}
