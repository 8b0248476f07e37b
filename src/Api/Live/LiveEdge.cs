using System.Buffers.Binary;
using Gemini.Live.Scanning;
using Gemini.Live.Setup;
using Gemini.Live.WebSockets;
using Orchestrator.Attach;

namespace Orchestrator.Api.Live;

/// <summary>
/// One client's socket. Frames of the client arrive on its receiving thread and go straight to the grain; frames of the
/// grain arrive on whichever thread drains its mailbox and go straight to the socket. It decides nothing about the
/// conversation: it reads the setup, marks frames, keeps the client's handle fresh and confirms what was received.
/// </summary>
internal sealed class LiveEdge : IServerSocketHandler, IEdge, IAsyncDisposable
{
    /// <summary>Output after which the client is asked, by a ping, how much it has received (DESIGN §6.7).</summary>
    private const int PingEveryMs = 500;

    private readonly LiveEdgeServices _services;
    private readonly LiveServerSocket _socket;
    private readonly TenantId _tenant;
    private readonly long _openedAt;
    private ConversationId _conversation;
    private IAttachment? _attachment;
    private bool _wantsHandles;
    private int _unconfirmedMs;

    public LiveEdge(LiveEdgeServices services, Stream stream, TenantId tenant, ConversationId conversation)
    {
        _services = services;
        _tenant = tenant;
        _conversation = conversation;
        _socket = new LiveServerSocket(stream, new ServerSocketOptions
        {
            MaxFrameBytes = services.Options.MaxFrameBytes,
            MaxQueuedBytes = services.Options.MaxQueuedBytes,
            Clock = services.Clock,
        });
        _openedAt = services.Clock.GetTimestamp();
    }

    /// <summary>Serves the client until its socket ends.</summary>
    /// <returns>True when both sides said goodbye; otherwise the connection may still hold data that nobody will take.</returns>
    public async Task<bool> RunAsync(CancellationToken stopping)
    {
        int? code = null;
        var reason = "internal error";
        try
        {
            var end = await _socket.RunAsync(this, stopping);
            // Who answers our close was there when it came; who does not may have been gone for long.
            var said = end.Kind == SocketEndKind.PeerClosed || end is { Kind: SocketEndKind.ClosedByUs, Clean: true };
            (code, reason) = (said ? end.Code ?? 1000 : null, end.Reason);
            return end.Clean;
        }
        finally
        {
            // Also after a bug: a conversation must never wait for a client whose socket is gone.
            _attachment?.Detach(code, reason);
        }
    }

    public ValueTask OnFrameAsync(ReadOnlyMemory<byte> payload, bool binary)
    {
        if (!FrameScanner.TryScanClient(payload.Span, out var frame, out var fault))
        {
            _socket.Close(fault.CloseCode, fault.Reason);
            return ValueTask.CompletedTask;
        }

        if (_attachment is { } attachment)
        {
            var refusal = frame.Kind == ClientMessageKind.Setup ? EdgeCloses.SetupOnce
                : (frame.Realtime & RealtimeParts.MediaChunks) != 0 ? EdgeCloses.MediaChunks
                : null;
            if (refusal is null)
            {
                return attachment.PushAsync(InputFrames.Of(payload, frame, _services.Options.SilenceDbfs));
            }

            Close(refusal);
            return ValueTask.CompletedTask;
        }

        if (frame.Kind == ClientMessageKind.Setup)
        {
            return AttachAsync(payload);
        }

        Close(EdgeCloses.SetupFirst);
        return ValueTask.CompletedTask;
    }

    public void OnPing(ReadOnlySpan<byte> payload)
    {
        // Answered by the socket itself.
    }

    public void OnPong(ReadOnlySpan<byte> payload)
    {
        // Pongs that nobody asked for are allowed (RFC 6455 §5.5.3) and say nothing.
        if (payload.Length == sizeof(long))
        {
            _attachment?.Acknowledge(BinaryPrimitives.ReadInt64BigEndian(payload));
        }
    }

    void IEdge.Opened(IAttachment attachment, bool awaitsSetup)
    {
        _attachment = attachment;
        if (!awaitsSetup)
        {
            _socket.TrySend(ClientMessages.SetupComplete(_conversation), binary: true);
            RefreshHandle();
        }
    }

    void IEdge.Deliver(in OutputFrame frame)
    {
        if (!_socket.TrySend(frame.Payload.Span, binary: true))
        {
            Close(EdgeCloses.Unread);
            return;
        }

        var turnComplete = (frame.Traits & OutputTraits.TurnComplete) != 0;
        if (turnComplete)
        {
            RefreshHandle();
        }

        _unconfirmedMs += frame.AudioMs;
        if (_unconfirmedMs >= PingEveryMs || (frame.Traits & (OutputTraits.Words | OutputTraits.TurnComplete)) != 0)
        {
            _unconfirmedMs = 0;
            Span<byte> position = stackalloc byte[sizeof(long)];
            BinaryPrimitives.WriteInt64BigEndian(position, frame.Seq);
            _socket.TryPing(position);
        }
    }

    void IEdge.Durable(long inputSeq)
    {
        // Keeps no input: whoever may have to hand it over again stands between this edge and the grain.
    }

    /// <summary>The front-end is about to go: a client that can come back is told to.</summary>
    /// <returns>False when it cannot, or has not said yet.</returns>
    public bool GoAway(TimeSpan timeLeft) =>
        _wantsHandles && _attachment is not null && _socket.TrySend(ClientMessages.GoAway(timeLeft), binary: true);

    /// <summary>Looks whether the client has kept its time-outs; called every second by <see cref="LiveEdges"/>.</summary>
    public void Watch()
    {
        if (_attachment is null && _services.Clock.GetElapsedTime(_openedAt) > _services.Options.SetupTimeout)
        {
            Close(EdgeCloses.SetupMissing);
        }

        if (_socket.StalledSinceTimestamp is { } since && _services.Clock.GetElapsedTime(since) > _services.Options.UnreadTimeout)
        {
            Close(EdgeCloses.Unread);
        }
    }

    public void Close(EdgeClose close) => _socket.Close(close.Code, close.Reason);

    public ValueTask DisposeAsync() => _socket.DisposeAsync();

    private async ValueTask AttachAsync(ReadOnlyMemory<byte> setupFrame)
    {
        if (!SetupPlan.TryRead(setupFrame.Span, out var setup, out var fault))
        {
            _socket.Close(fault.CloseCode, fault.Reason);
            return;
        }

        _wantsHandles = setup.WantsResumption;
        var resume = !string.IsNullOrEmpty(setup.Handle);
        if (resume && !_services.Handles.TryOpen(setup.Handle!, _tenant, _services.Clock.GetUtcNow(), out _conversation))
        {
            _services.HandleRefused(_tenant);
            Close(EdgeClose.HandleUnknown);
            return;
        }

        // The setup is copied: it outlives this frame's buffer.
        var request = new AttachRequest(_tenant, _conversation, resume, setupFrame.ToArray());
        if (await _services.Host.AttachAsync(request, this, CancellationToken.None) is AttachOutcome.Refused refused)
        {
            Close(refused.Close);
        }
    }

    /// <summary>A client that asked for resumption gets a handle at once and a fresh one after every durable turn.</summary>
    private void RefreshHandle()
    {
        if (_wantsHandles)
        {
            var expires = _services.Clock.GetUtcNow() + _services.Options.HandleLifetime;
            _socket.TrySend(ClientMessages.ResumptionUpdate(_services.Handles.Issue(_tenant, _conversation, expires)), binary: true);
        }
    }
}
