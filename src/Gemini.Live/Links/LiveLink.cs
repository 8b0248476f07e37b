using Gemini.Live.WebSockets;

namespace Gemini.Live.Links;

/// <summary>
/// One upstream connection. <see cref="RunAsync"/> receives until it is over and says how it ended; the other members
/// may be used meanwhile. It never pings and never decides that silence is a failure.
/// </summary>
public sealed class LiveLink : IAsyncDisposable
{
    private const int NormalClosure = 1000;
    private const int BadClose = 1002;

    // Pongs are left out when so much waits behind a message: a peer that pings and does not read must not fill the memory.
    private const int MostForPongs = 64 * 1024;

    private readonly Stream _stream;
    private readonly SendQueue _sends;
    private readonly LinkOptions _options;
    private readonly TimeProvider _clock;
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private LinkLoss? _loss;
    private int _closing; // 1: a close frame was sent, or sending is over
    private ITimer? _afterFailure;

    /// <param name="upgraded">The connection after its upgrade; owned from here on.</param>
    internal LiveLink(Stream upgraded, LinkOptions options, TimeProvider clock)
    {
        _stream = upgraded;
        _sends = new SendQueue(upgraded, clock, int.MaxValue, CancellationToken.None, _ => SendFailed(), masks: true);
        _options = options;
        _clock = clock;
    }

    /// <summary>Bytes that wait behind the write under way.</summary>
    internal int WaitingBytes => _sends.WaitingBytes;

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
        using var reader = new MessageReader(_options.MaxFrameBytes, fromServer: true);
        try
        {
            while (true)
            {
                switch (reader.Next())
                {
                    case ReadStep.NeedMore:
                        var count = await _stream.ReadAsync(reader.Room(), CancellationToken.None);
                        if (count == 0)
                        {
                            return Note(new LinkLoss(LinkLossKind.NetworkLost, null, "The peer left without a close frame."));
                        }

                        reader.Filled(count);
                        break;
                    case ReadStep.Message:
                        receiver.OnFrame(reader.Payload);
                        break;
                    case ReadStep.Ping:
                        Pong(reader.Payload.Span);
                        break;
                    case ReadStep.Pong:
                        break;
                    case ReadStep.Close when FrameCodec.TryReadClose(reader.Payload.Span, out var code, out var reason):
                        return await PeerClosedAsync(code ?? NormalClosure, reason);
                    case ReadStep.Close:
                        return await RefuseAsync(BadClose, "Bad close frame.");
                    default:
                        return await RefuseAsync(reader.Fault.Code, reader.Fault.Reason);
                }
            }
        }
        catch (Exception failure) when (failure is IOException or OperationCanceledException or ObjectDisposedException or System.Net.Sockets.SocketException)
        {
            return Note(new LinkLoss(LinkLossKind.NetworkLost, null, failure.GetBaseException().Message));
        }
        finally
        {
            // Also when the receiver threw, which is a bug that comes out of here.
            Cut();
            _afterFailure?.Dispose();
        }
    }

    /// <summary>
    /// Sends a text message, whose bytes are the caller's again when this returns; one at a time. Completes synchronously when the
    /// operating system takes it at once, and incomplete means that upstream is slow. A failure is not thrown:
    /// <see cref="RunAsync"/> reports it.
    /// </summary>
    public ValueTask SendAsync(ReadOnlySpan<byte> textFrame) =>
        _sends.TryEnqueue(Opcode.Text, textFrame) ? _sends.TakenAsync() : ValueTask.CompletedTask;

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
        return ValueTask.CompletedTask;
    }

    private void Pong(ReadOnlySpan<byte> payload)
    {
        if (WaitingBytes < MostForPongs)
        {
            _sends.TryEnqueue(Opcode.Pong, payload);
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

    private async Task<LinkLoss> PeerClosedAsync(int code, string reason)
    {
        var first = Note(new LinkLoss(LinkLossKind.CloseFrame, code, reason));
        await using var grace = CutAfterGrace();
        await SendCloseAsync(code, "");
        return first.Kind == LinkLossKind.ClosedByUs ? first with { Code = code } : first;
    }

    private async Task<LinkLoss> RefuseAsync(int code, string reason)
    {
        var loss = Note(new LinkLoss(LinkLossKind.ProtocolViolation, null, reason));
        await using var grace = CutAfterGrace();
        await SendCloseAsync(code, reason);

        // Closing a TCP connection with unread bytes resets it, and a reset would overtake the close frame.
        // So what still comes is read and thrown away until the peer leaves or the grace is over.
        var discard = new byte[4096];
        while (await _stream.ReadAsync(discard, CancellationToken.None) > 0)
        {
        }

        return loss;
    }

    /// <summary>Sends a close frame, unless one was sent or tried, and waits until it has left.</summary>
    private async Task SendCloseAsync(int code, string reason)
    {
        if (Interlocked.Exchange(ref _closing, 1) == 0)
        {
            _sends.Close(FrameCodec.ClosePayload(FrameCodec.MaySend(code) ? code : NormalClosure, reason));
            await _sends.Drained;
        }
    }

    private ITimer CutAfterGrace() =>
        _clock.CreateTimer(static self => ((LiveLink)self!).Cut(), this, _options.CloseGrace, Timeout.InfiniteTimeSpan);

    private void Cut()
    {
        _stream.Dispose();
        _sends.Discard();
        _ended.TrySetResult();
    }

    /// <summary>Keeps the first cause and gives it back.</summary>
    private LinkLoss Note(LinkLoss loss) => Interlocked.CompareExchange(ref _loss, loss, null) ?? loss;
}
