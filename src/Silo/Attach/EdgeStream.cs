using Orchestrator.Attach;
using Orchestrator.Wire;

namespace Orchestrator.Silo.Attach;

/// <summary>
/// One client's attachment over the internal link: to the grain it is the edge. Its input gets credit as the grain takes it,
/// and none while the grain's answer to a frame is outstanding; the connection is read on meanwhile. It lasts until the
/// front-end says that the client has left, or the connection ends.
/// </summary>
internal sealed class EdgeStream(EdgeConnection connection, uint id, int window, int queueBytes) : IEdge
{
    private readonly WireLane _lane = new(queueBytes);
    private readonly Lock _gate = new();
    private volatile IAttachment? _attachment;
    private (int? Code, string Reason)? _left;
    private long _epoch;
    private long _credit;
    private int _owed;
    private bool _held;
    private volatile bool _mute;

    public void Opened(IAttachment attachment, bool awaitsSetup)
    {
        (int? Code, string Reason)? left;
        lock (_gate)
        {
            left = _left;
            _epoch = attachment.Epoch;
            _credit = window;
            _attachment = attachment;
        }

        if (left is var (code, reason))
        {
            // The client left while its conversation was being found.
            attachment.Detach(code, reason);
            return;
        }

        connection.Send(id, new AttachedWire(attachment.Generation, attachment.Epoch, attachment.NextInput, attachment.NextOutput, awaitsSetup, window));
    }

    public void Deliver(in OutputFrame frame)
    {
        if (_mute)
        {
            return;
        }

        switch (connection.Send(id, new OutputWire(_epoch, frame), _lane))
        {
            case WireSend.LaneFull:
                connection.Overflowed();
                GiveUp(new EdgeClose(1008, "Output was left unread for too long; resume the session to continue."), "The front-end left the output unread.");
                break;
            case WireSend.TooLarge:
                GiveUp(new EdgeClose(1009, "A message is larger than the front-end reads."), "A message was larger than the front-end reads.");
                break;
            default:
                // Sent, or the connection is over: then its end detaches this stream.
                break;
        }
    }

    public void Durable(long inputSeq) => connection.Send(id, new PositionWire(WireKind.Durable, inputSeq));

    public void Close(EdgeClose close)
    {
        if (!_mute)
        {
            connection.Send(id, new EndingWire(WireKind.Close, close.Code, close.Reason));
        }
    }

    /// <summary>On the receiving thread.</summary>
    /// <param name="size">Bytes of the whole frame.</param>
    public WireFault? Input(int size, in InputFrame frame)
    {
        if (_attachment is not { } attachment)
        {
            return new WireFault(WireFaultCode.Malformed, "Input came before its conversation was attached.");
        }

        if (Interlocked.Add(ref _credit, -size) + size <= 0)
        {
            return new WireFault(WireFaultCode.Overrun, "Input came without credit.");
        }

        var taken = attachment.PushAsync(frame);
        Owe(size, taken);
        return null;
    }

    public void Acknowledge(long outputSeq) => _attachment?.Acknowledge(outputSeq);

    /// <summary>The client has left, or cannot be reached any more. The first call counts.</summary>
    public void Leave(int? code, string reason)
    {
        IAttachment? attachment;
        lock (_gate)
        {
            if (_left is not null)
            {
                return;
            }

            _mute = true;
            _left = (code, reason);
            attachment = _attachment;
        }

        attachment?.Detach(code, reason);
    }

    private void GiveUp(EdgeClose close, string reason)
    {
        _mute = true;
        connection.Send(id, new EndingWire(WireKind.Close, close.Code, close.Reason));
        Leave(null, reason);
    }

    private void Owe(int size, ValueTask taken)
    {
        int grant;
        lock (_gate)
        {
            _owed += size;
            if (!taken.IsCompleted)
            {
                Hold_NeedsLock(taken);
                return;
            }

            if (_held || _owed < window / 2)
            {
                return;
            }

            (grant, _owed) = (_owed, 0);
        }

        Grant(grant);
    }

    private void Hold_NeedsLock(ValueTask taken)
    {
        if (!_held)
        {
            _held = true;
            taken.GetAwaiter().UnsafeOnCompleted(Resume);
        }
    }

    private void Resume()
    {
        int grant;
        lock (_gate)
        {
            _held = false;
            (grant, _owed) = (_owed, 0);
        }

        if (grant > 0)
        {
            Grant(grant);
        }
    }

    private void Grant(int bytes)
    {
        Interlocked.Add(ref _credit, bytes);
        connection.Send(id, new CreditWire(bytes));
    }
}
