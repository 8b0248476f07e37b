namespace Orchestrator.Attach;

/// <summary>
/// The front-end's side of an attachment, called by the grain on the thread that drains its mailbox,
/// one call at a time. No member may block or throw.
/// </summary>
public interface IEdge
{
    /// <summary>The attach succeeded; called once, before anything is delivered. The edge answers the client's setup here.</summary>
    /// <param name="attachment">The grain's side.</param>
    /// <param name="awaitsSetup">True when upstream's own <c>setupComplete</c> will be delivered instead (voice consent).</param>
    void Opened(IAttachment attachment, bool awaitsSetup);

    /// <summary>Sends a frame to the client, or queues it within the edge's bound.</summary>
    void Deliver(in OutputFrame frame);

    /// <summary>Input up to this position will never be needed again: an edge that keeps a log may forget it.</summary>
    void Durable(long inputSeq);

    /// <summary>Closes the client's socket, after what was delivered before.</summary>
    void Close(EdgeClose close);
}

/// <summary>What the edge must know about an output frame.</summary>
[Flags]
public enum OutputTraits : byte
{
    None = 0,
    /// <summary>A turn is complete and durable: the edge refreshes the client's resumption handle after it.</summary>
    TurnComplete = 1,
    Audio = 2,
    /// <summary>Transcript, text or a function call: heard twice is annoying, read or done twice is wrong, so its arrival is
    /// confirmed at once.</summary>
    Words = 4,
}

/// <summary>One frame on its way to the client.</summary>
/// <param name="Seq">Output number, from 1, without gaps within an epoch.</param>
/// <param name="Payload">The frame's bytes, valid only during the call.</param>
/// <param name="Traits">What the edge must know about it.</param>
/// <param name="AudioMs">Duration of its audio in milliseconds.</param>
public readonly record struct OutputFrame(long Seq, ReadOnlyMemory<byte> Payload, OutputTraits Traits, int AudioMs);

/// <summary>A close towards the client, in Google's style.</summary>
public sealed record EdgeClose(int Code, string Reason)
{
    /// <summary>A newer client took the conversation.</summary>
    public static readonly EdgeClose Superseded = new(1008, "The conversation was resumed on another connection.");

    /// <summary>Clients take the conversation from one another without end: who has it keeps it for now.</summary>
    public static readonly EdgeClose Contended = new(1013, "Several clients keep taking this conversation from one another; try again later.");

    /// <summary>
    /// The conversation leaves this silo and goes on at another: an edge that keeps an <see cref="EdgeLog"/> attaches there,
    /// and its client notices nothing. To any other it is a close like <see cref="Restarting"/>.
    /// </summary>
    public static readonly EdgeClose Moving = new(1012, "The conversation moves; resume the session to continue.");

    /// <summary>
    /// Another silo has claimed the conversation. An edge with an <see cref="EdgeLog"/> asks who has it: it may have been for this
    /// very client, whose attach was thought to be lost and was only late.
    /// </summary>
    public static readonly EdgeClose OwnerLost = new(1011, "The conversation has moved; resume the session to continue.");

    /// <summary>The process goes down in an orderly way.</summary>
    public static readonly EdgeClose Restarting = new(1012, "The server is restarting; resume the session to continue.");

    /// <summary>Every failure of a handle reads the same, so that handles cannot be probed.</summary>
    public static readonly EdgeClose HandleUnknown = new(1008, "BidiGenerateContent session not found");
}
