using Orchestrator.Attach;
using Orchestrator.Wire;

namespace Orchestrator.Api.Cluster;

/// <summary>
/// One client's attachment over the internal link: to the edge it is the grain. Input goes out on the pushing thread as
/// long as the silo has given credit for it; the push that spends the last of it completes when there is more.
/// </summary>
internal sealed class SiloStream(SiloConnection connection, uint id, IEdge edge) : IAttachment
{
    private readonly TaskCompletionSource<AttachOutcome> _outcome = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock _gate = new();
    private TaskCompletionSource? _waiting;
    private long _credit;
    private bool _opened;
    private volatile bool _over;

    /// <summary>The silo's answer.</summary>
    public Task<AttachOutcome> Outcome => _outcome.Task;

    public int Generation { get; private set; }

    public long Epoch { get; private set; }

    public long NextInput { get; private set; }

    public long NextOutput { get; private set; }

    public ValueTask PushAsync(in InputFrame frame)
    {
        if (_over)
        {
            return ValueTask.CompletedTask;
        }

        var input = new InputWire(frame);
        switch (connection.Send(id, input))
        {
            case WireSend.Sent:
                return Spend(WireHeader.Size + input.Size);
            case WireSend.TooLarge:
                edge.Close(new EdgeClose(1009, "The message is too large."));
                return ValueTask.CompletedTask;
            default:
                // The connection is over, and the edge is about to be told.
                return ValueTask.CompletedTask;
        }
    }

    public void Acknowledge(long outputSeq)
    {
        if (!_over)
        {
            connection.Send(id, new PositionWire(WireKind.Acknowledge, outputSeq));
        }
    }

    public void Detach(int? code, string reason)
    {
        if (connection.Remove(id))
        {
            GoOn();
            connection.Send(id, new EndingWire(WireKind.Detach, code, reason));
        }
    }

    /// <summary>The following run on the connection's receiving thread, one at a time.</summary>
    public WireFault? Attached(in AttachedWire attached)
    {
        if (_opened)
        {
            return new WireFault(WireFaultCode.Malformed, $"Stream {id} was attached twice.");
        }

        (Generation, Epoch, NextInput, NextOutput) = (attached.Generation, attached.Epoch, attached.NextInput, attached.NextOutput);
        Interlocked.Add(ref _credit, attached.Credit);
        _opened = true;
        edge.Opened(this, attached.AwaitsSetup);
        _outcome.TrySetResult(new AttachOutcome.Attached(this));
        return null;
    }

    public void Refused(EdgeClose close) => _outcome.TrySetResult(new AttachOutcome.Refused(close));

    /// <returns>False when it is of an epoch that is over.</returns>
    public bool Deliver(in OutputWire output)
    {
        if (!_opened || output.Epoch != Epoch)
        {
            return false;
        }

        edge.Deliver(output.Frame);
        return true;
    }

    public void Durable(long inputSeq) => edge.Durable(inputSeq);

    public void Credit(int bytes)
    {
        if (Interlocked.Add(ref _credit, bytes) > 0)
        {
            TaskCompletionSource? waiting;
            lock (_gate)
            {
                (waiting, _waiting) = (_waiting, null);
            }

            waiting?.TrySetResult();
        }
    }

    public void Close(EdgeClose close)
    {
        GoOn();
        edge.Close(close);
    }

    /// <summary>The connection is over.</summary>
    public void Lost(string reason)
    {
        GoOn();
        if (!_opened)
        {
            _outcome.TrySetException(new SiloUnavailableException(reason));
        }
        else if (edge is ILastingEdge owner)
        {
            owner.Lost(reason);
        }
        else
        {
            edge.Close(new EdgeClose(1011, "The conversation's server was lost; resume the session to continue."));
        }
    }

    private ValueTask Spend(int size)
    {
        if (Interlocked.Add(ref _credit, -size) > 0)
        {
            return ValueTask.CompletedTask;
        }

        lock (_gate)
        {
            // Credit or the end may have come meanwhile; both look for somebody who waits only after they have set this.
            if (_over || Interlocked.Read(ref _credit) > 0)
            {
                return ValueTask.CompletedTask;
            }

            _waiting ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return new ValueTask(_waiting.Task);
        }
    }

    /// <summary>Nothing more goes to the silo: whoever waits for credit need not.</summary>
    private void GoOn()
    {
        TaskCompletionSource? waiting;
        lock (_gate)
        {
            _over = true;
            (waiting, _waiting) = (_waiting, null);
        }

        waiting?.TrySetResult();
    }
}
