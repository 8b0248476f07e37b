using System.Buffers;
using System.Net.WebSockets;
using System.Runtime.CompilerServices;
using Gemini.Live.WebSockets;

namespace Gemini.Live.Links;

/// <summary>
/// One upstream connection. <see cref="RunAsync"/> receives until it is over and says how it ended; the other members
/// may be used meanwhile. It never pings and never decides that silence is a failure.
/// </summary>
public sealed class LiveLink : IAsyncDisposable
{
    private const int NormalClosure = 1000;
    private const int TooBig = 1009;
    private const int KeepBuffer = 64 * 1024;

    private readonly ClientWebSocket _socket;
    private readonly LinkOptions _options;
    private readonly TimeProvider _clock;
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private LinkLoss? _loss;
    private int _closing; // 1: a close frame was sent, or sending is over
    private ITimer? _afterFailure;

    internal LiveLink(ClientWebSocket socket, LinkOptions options, TimeProvider clock)
    {
        _socket = socket;
        _options = options;
        _clock = clock;
    }

    /// <summary>Connects: name, TCP, TLS and upgrade within <see cref="LinkOptions.DialTimeout"/>. Sends no message.</summary>
    /// <exception cref="OperationCanceledException">The given token was cancelled; every other failure is a value.</exception>
    public static Task<LinkDial> DialAsync(LinkTarget target, LinkOptions options, TimeProvider clock, CancellationToken cancellation) =>
        LinkDialer.DialAsync(target, options, clock, cancellation);

    /// <summary>
    /// Receives until the end. Call it once. A close frame that had arrived is reported even when a send failed first.
    /// For <see cref="LinkLossKind.ClosedByUs"/> the code is the one that the peer answered with, null without an answer.
    /// </summary>
    public async Task<LinkLoss> RunAsync(ILinkReceiver receiver)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(_options.ReceiveBufferBytes);
        var length = 0;
        try
        {
            while (true)
            {
                var received = await _socket.ReceiveAsync(buffer.AsMemory(length), CancellationToken.None);
                if (received.MessageType == WebSocketMessageType.Close)
                {
                    return await PeerClosedAsync();
                }

                length += received.Count;
                if (length > _options.MaxFrameBytes)
                {
                    Note(new LinkLoss(LinkLossKind.ProtocolViolation, null, $"A message is larger than {_options.MaxFrameBytes} bytes."));
                    await using var grace = CutAfterGrace();
                    await SendCloseAsync(TooBig, "Message too big.");
                    return _loss!;
                }

                if (received.EndOfMessage)
                {
                    receiver.OnFrame(buffer.AsMemory(0, length));
                    length = 0;
                    buffer = buffer.Length > KeepBuffer ? Exchange(buffer, 0, _options.ReceiveBufferBytes) : buffer;
                }
                else if (length == buffer.Length)
                {
                    buffer = Exchange(buffer, length, buffer.Length * 2);
                }
            }
        }
        catch (Exception failure) when (failure is WebSocketException or OperationCanceledException or ObjectDisposedException or IOException)
        {
            return Note(LossOf(failure));
        }
        finally
        {
            // Also when the receiver threw, which is a bug that comes out of here.
            ArrayPool<byte>.Shared.Return(buffer);
            Cut();
            _afterFailure?.Dispose();
        }
    }

    /// <summary>
    /// Sends a text message; one at a time. Completes synchronously when the operating system takes it at once, and
    /// incomplete means that upstream is slow. A failure is not thrown: <see cref="RunAsync"/> reports it.
    /// </summary>
    public ValueTask SendAsync(ReadOnlyMemory<byte> textFrame)
    {
        try
        {
            // Without a token, because only then does the socket write on this thread.
            var send = _socket.SendAsync(textFrame, WebSocketMessageType.Text, WebSocketMessageFlags.EndOfMessage, CancellationToken.None);
            if (!send.IsCompleted)
            {
                return FinishSendAsync(send);
            }

            send.GetAwaiter().GetResult();
        }
        catch (Exception failure) when (IsLoss(failure))
        {
            SendFailed();
        }

        return ValueTask.CompletedTask;
    }

    /// <summary>
    /// Sends a close frame, waits <see cref="LinkOptions.CloseGrace"/> for the peer's and cuts the connection. Messages
    /// that arrive before the peer's close are still handed over. Completes when <see cref="RunAsync"/> is about to return.
    /// </summary>
    public async Task CloseAsync(int code, string reason)
    {
        Note(new LinkLoss(LinkLossKind.ClosedByUs, null, reason));
        await using var grace = CutAfterGrace();
        await SendCloseAsync(code, reason);
        await _ended.Task;
    }

    /// <summary>Cuts the connection at once.</summary>
    public void Abort()
    {
        Note(new LinkLoss(LinkLossKind.ClosedByUs, null, "Aborted."));
        Cut();
    }

    public ValueTask DisposeAsync()
    {
        Abort();
        _socket.Dispose();
        return ValueTask.CompletedTask;
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask FinishSendAsync(ValueTask send)
    {
        try
        {
            await send;
        }
        catch (Exception failure) when (IsLoss(failure))
        {
            SendFailed();
        }
    }

    /// <summary>
    /// A peer that closes and leaves makes sends fail while its close frame still waits to be read: the reading side
    /// gets the grace to find it, and cuts the connection otherwise.
    /// </summary>
    private void SendFailed()
    {
        if (Interlocked.Exchange(ref _closing, 1) == 0)
        {
            _afterFailure = CutAfterGrace();
        }
    }

    private async Task<LinkLoss> PeerClosedAsync()
    {
        // .NET's end reads an empty close as 1000, which is also what an empty one means.
        var code = (int?)_socket.CloseStatus;
        var first = Note(new LinkLoss(LinkLossKind.CloseFrame, code, _socket.CloseStatusDescription ?? ""));
        await using var grace = CutAfterGrace();
        await SendCloseAsync(code ?? NormalClosure, "");
        return first.Kind == LinkLossKind.ClosedByUs ? first with { Code = code } : first;
    }

    /// <summary>Sends a close frame, unless one was sent or tried.</summary>
    private async Task SendCloseAsync(int code, string reason)
    {
        if (Interlocked.Exchange(ref _closing, 1) != 0)
        {
            return;
        }

        try
        {
            await _socket.CloseOutputAsync(
                (WebSocketCloseStatus)(FrameCodec.MaySend(code) ? code : NormalClosure), FrameCodec.CutReason(reason), CancellationToken.None);
        }
        catch (Exception failure) when (IsLoss(failure))
        {
            Cut();
        }
    }

    private ITimer CutAfterGrace() =>
        _clock.CreateTimer(static self => ((LiveLink)self!).Cut(), this, _options.CloseGrace, Timeout.InfiniteTimeSpan);

    private void Cut()
    {
        _socket.Abort();
        _ended.TrySetResult();
    }

    /// <summary>Keeps the first cause and gives it back.</summary>
    private LinkLoss Note(LinkLoss loss) => Interlocked.CompareExchange(ref _loss, loss, null) ?? loss;

    private static LinkLoss LossOf(Exception failure) => failure is WebSocketException
    {
        WebSocketErrorCode: WebSocketError.Faulted or WebSocketError.HeaderError or WebSocketError.InvalidMessageType or WebSocketError.UnsupportedProtocol,
    }
        ? new LinkLoss(LinkLossKind.ProtocolViolation, null, failure.GetBaseException().Message)
        : new LinkLoss(LinkLossKind.NetworkLost, null, failure.GetBaseException().Message);

    private static bool IsLoss(Exception failure) =>
        failure is WebSocketException or OperationCanceledException or InvalidOperationException or IOException;

    private static byte[] Exchange(byte[] buffer, int keep, int size)
    {
        var next = ArrayPool<byte>.Shared.Rent(size);
        buffer.AsSpan(0, keep).CopyTo(next);
        ArrayPool<byte>.Shared.Return(buffer);
        return next;
    }
}
