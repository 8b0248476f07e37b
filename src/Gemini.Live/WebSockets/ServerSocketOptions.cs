namespace Gemini.Live.WebSockets;

/// <summary>Bounds and habits of a <see cref="LiveServerSocket"/>.</summary>
public sealed record ServerSocketOptions
{
    /// <summary>Largest message, fragments joined; a larger one is closed with 1009. Too small refuses long seeds and images.</summary>
    public int MaxFrameBytes { get; init; } = 4 * 1024 * 1024;

    /// <summary>Most bytes accepted and not yet taken by the transport. Beyond it sends are refused, so it bounds the memory of a peer that does not read.</summary>
    public int MaxQueuedBytes { get; init; } = 8 * 1024 * 1024;

    /// <summary>How long a close waits without any progress (bytes taken by the transport, the peer's close) before it aborts.</summary>
    public TimeSpan CloseGrace { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Pings are answered at once. Off: the handler answers them, as late as it likes.</summary>
    public bool AutoPong { get; init; } = true;

    /// <summary>Clock of the close timer and of <see cref="LiveServerSocket.StalledSinceTimestamp"/>.</summary>
    public TimeProvider Clock { get; init; } = TimeProvider.System;
}
