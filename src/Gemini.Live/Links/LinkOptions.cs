namespace Gemini.Live.Links;

/// <summary>Bounds of one upstream connection.</summary>
public sealed record LinkOptions
{
    /// <summary>Name resolution, TCP, TLS and upgrade together. Too short gives up on a slow but healthy upstream.</summary>
    public TimeSpan DialTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Largest message from upstream; a larger one ends the link as a protocol violation.</summary>
    public int MaxFrameBytes { get; init; } = 16 * 1024 * 1024;

    /// <summary>How long a close waits for the other side before the connection is cut.</summary>
    public TimeSpan CloseGrace { get; init; } = TimeSpan.FromMilliseconds(250);
}

/// <summary>Takes what a link receives.</summary>
public interface ILinkReceiver
{
    /// <summary>
    /// A whole message, text or binary alike. The memory is valid during the call, which is made on the receiving
    /// thread, one at a time; nothing more is received until it returns, so it must not block or throw.
    /// </summary>
    void OnFrame(ReadOnlyMemory<byte> frame);
}

/// <summary>The outcome of a dial.</summary>
public abstract record LinkDial
{
    private LinkDial()
    {
    }

    /// <summary>The upgrade succeeded; the link is the caller's to run and to dispose.</summary>
    public sealed record Open(LiveLink Link) : LinkDial;

    /// <summary>No connection came about.</summary>
    public sealed record Failed(LinkLoss Loss) : LinkDial;
}
