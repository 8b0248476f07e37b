using Gemini.Live.Scanning;
using Orchestrator.Attach;
using Orchestrator.Grains.Conversations;

namespace Orchestrator.Grains.Actor;

/// <summary>The client that is attached, if one is: what it is sent, what it may send, and when it is closed. On the mailbox, as the effects that it performs.</summary>
internal sealed class ClientSide(ConversationActor actor, GrainMetrics metrics, OutputLog output) : IDisposable
{
    private readonly FrameInHand _frame = new(actor.Id);
    private readonly AskedCalls _asked = new();
    private EdgeClose? _closing;

    /// <summary>What it has not confirmed.</summary>
    public OutputLog Output => output;

    /// <summary>The newest attachment; null while nobody is there.</summary>
    public Attachment? Attached { get; private set; }

    /// <summary>The link frame that the next effects speak of.</summary>
    public void InHand(ReadOnlyMemory<byte> frame, in ServerFrame scanned) => _frame.Take(frame, scanned);

    /// <summary>The newest client wins: the older one is closed, the new one first gets what was not confirmed.</summary>
    /// <param name="generation">Number of the attachment.</param>
    /// <param name="nextInput">Number of the first frame that it will send.</param>
    /// <param name="edge">The client's.</param>
    /// <param name="awaitsSetup">It waits for upstream's own <c>setupComplete</c>.</param>
    /// <param name="has">Newest output of an earlier attachment that this same client has; null for another client.</param>
    public Attachment Welcome(int generation, long nextInput, IEdge edge, bool awaitsSetup, long? has)
    {
        Leave(EdgeClose.Superseded);
        _closing = null;
        if (has is { } number)
        {
            output.RewindTo(number);
        }
        else
        {
            output.Rewind();
        }

        Attached = new Attachment(actor, generation, actor.Ownership.Epoch, (nextInput, output.Next), edge);
        edge.Opened(Attached, awaitsSetup);
        output.DeliverTo(edge);
        return Attached;
    }

    /// <summary>Its socket has ended; what comes is kept for the next one.</summary>
    public void Left(int generation)
    {
        if (Attached?.Generation == generation)
        {
            Attached = null;
        }
    }

    /// <summary>Gives or takes credit.</summary>
    /// <param name="clogged">The link does not take what the client sends.</param>
    public void Credit(bool clogged)
    {
        if (clogged)
        {
            Attached?.Pause();
        }
        else
        {
            Attached?.Resume();
        }
    }

    /// <summary>Numbers a frame, keeps it until the client confirms it, and delivers it if nothing before it waits.</summary>
    public void Send(ReadOnlySpan<byte> frame, OutputTraits traits, int audioMs, long afterFact)
    {
        var overflowed = output.Overflowed;
        output.Append(frame, traits, audioMs, afterFact);
        if (output.Overflowed > overflowed)
        {
            metrics.Count("outputOverflowed");
        }

        Deliver();
    }

    public void Send(Effect.SendToClient send)
    {
        Send(send.Frame.Span, send.Traits, audioMs: 0, send.AfterFact);
        _asked.Add(send.Calls, output.Last);
    }

    public void Forward(Effect.ForwardFrame forward)
    {
        var frame = _frame.For(forward.StripInput, forward.StripOutput, forward.StripTools);
        if (!forward.WithoutTurnEnd)
        {
            Send(frame, _frame.Traits, _frame.AudioMs, forward.AfterFact);
            _asked.Add(forward.Calls, output.Last);
        }
        else if (FrameEditor.SplitTurnEnd(frame) is var (content, _))
        {
            Send(content, _frame.Traits, _frame.AudioMs, afterFact: 0);
        }
    }

    public void Forward(Effect.ForwardTurnEnd end)
    {
        var frame = _frame.For(end.StripInput, end.StripOutput, end.StripTools);
        if (FrameEditor.SplitTurnEnd(frame) is var (content, turnEnd))
        {
            Send(content, _frame.Traits, _frame.AudioMs, afterFact: 0);
            Send(turnEnd, OutputTraits.TurnComplete, audioMs: 0, end.AfterFact);
        }
        else
        {
            Send(frame, OutputTraits.TurnComplete, audioMs: 0, end.AfterFact);
        }
    }

    /// <summary>The client has answered a call, so it has what came before it.</summary>
    public void ConfirmCall(string id) => output.Confirmed(_asked.Confirmed(id));

    /// <summary>Nobody is asked for this call any more.</summary>
    public void ForgetCall(string id) => output.Drop(_asked.Forgotten(id));

    /// <summary>The journal is durable up to here.</summary>
    public void Durable(long position)
    {
        output.Durable(position);
        Deliver();
        CloseWhenDelivered(atOnce: false);
    }

    public void Close(Effect.CloseClient close)
    {
        _closing = close.Close;
        CloseWhenDelivered(close.AtOnce);
    }

    /// <summary>Closes it at once.</summary>
    public void Leave(EdgeClose close)
    {
        if (Attached is { } client)
        {
            client.Resume();
            client.Edge.Close(close);
            Attached = null;
        }
    }

    /// <summary>After everything else: whoever is still there is closed, and memory given back.</summary>
    public void Dispose()
    {
        Leave(_closing ?? new EdgeClose(1011, "The conversation was put away; resume the session to continue."));
        output.Dispose();
    }

    private void Deliver()
    {
        if (Attached is { } client)
        {
            output.DeliverTo(client.Edge);
        }
    }

    private void CloseWhenDelivered(bool atOnce)
    {
        // Of a move the edge learns last: the next owner may claim the conversation at once, and everything has to be written by then.
        if (_closing is { } close && close != EdgeClose.Moving && (atOnce || !output.IsWaiting))
        {
            Leave(close);
        }
    }
}
