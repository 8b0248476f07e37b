namespace Orchestrator.Attach;

/// <summary>The grain's side of an attachment, called by the edge. Calls of a superseded attachment are ignored and counted.</summary>
public interface IAttachment
{
    /// <summary>Number of this attachment in the conversation; only the newest is listened to.</summary>
    int Generation { get; }

    /// <summary>Fencing number of the ownership under which this attachment's output is made.</summary>
    long Epoch { get; }

    /// <summary>Input position that the grain gives to the next frame: an edge that has later ones kept starts there.</summary>
    long NextInput { get; }

    /// <summary>Number of the first output frame that this edge gets: of the oldest one that no earlier client has confirmed.</summary>
    long NextOutput { get; }

    /// <summary>
    /// Hands over one client frame. The grain copies what it keeps before this returns, and usually sends it
    /// upstream on the calling thread. The task is incomplete when upstream is slow: read no further until it is done.
    /// Never called concurrently. Frames that were under way when the grain said so (within the window of the
    /// internal link) are still handed over.
    /// </summary>
    ValueTask PushAsync(in InputFrame frame);

    /// <summary>The client has received everything up to this output number.</summary>
    void Acknowledge(long outputSeq);

    /// <summary>The client's socket has ended. Called once for every attachment, also after <see cref="IEdge.Close"/>.</summary>
    /// <param name="code">The client's close code; null when the connection vanished.</param>
    /// <param name="reason">The client's reason, or what was observed.</param>
    void Detach(int? code, string reason);
}

/// <summary>What the edge found out about a frame when it came in; travels with the frame.</summary>
[Flags]
public enum InputTraits : ushort
{
    None = 0,
    Audio = 1,
    /// <summary>Audio above the energy floor, or audio whose format we cannot judge.</summary>
    Voiced = 2,
    Video = 4,
    Text = 8,
    ActivityStart = 16,
    ActivityEnd = 32,
    AudioStreamEnd = 64,
    ClientContent = 128,
    /// <summary><c>clientContent</c> with <c>turnComplete</c>.</summary>
    ContentComplete = 256,
    ToolResponse = 512,
    ContextUpdate = 1024,
}

/// <summary>One client frame on its way to the grain.</summary>
/// <param name="Payload">The frame's bytes, valid only during the call.</param>
/// <param name="Traits">What is in it.</param>
/// <param name="AudioMs">Duration of its audio in milliseconds; 0 without audio.</param>
public readonly record struct InputFrame(ReadOnlyMemory<byte> Payload, InputTraits Traits, int AudioMs)
{
    /// <summary>Input position that the edge has given it, from <see cref="IAttachment.NextInput"/> on; what is left out is lost. 0 from an edge that does not number.</summary>
    public long Seq { get; init; }
}
