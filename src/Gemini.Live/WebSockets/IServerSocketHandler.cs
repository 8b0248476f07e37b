namespace Gemini.Live.WebSockets;

/// <summary>
/// What a <see cref="LiveServerSocket"/> hands over while it runs. Called on the receiving thread, one call at a time.
/// An exception from a member is a bug: it aborts the socket and comes out of <see cref="LiveServerSocket.RunAsync"/>.
/// </summary>
public interface IServerSocketHandler
{
    /// <summary>
    /// A whole message, fragments joined. The memory is valid until the task completes, and nothing more is read until
    /// then, so the task must complete even when the socket is aborted meanwhile.
    /// </summary>
    ValueTask OnFrameAsync(ReadOnlyMemory<byte> payload, bool binary);

    /// <summary>A ping of the peer. Only called when <see cref="ServerSocketOptions.AutoPong"/> is off: the pong is then the handler's.</summary>
    void OnPing(ReadOnlySpan<byte> payload);

    /// <summary>A pong. Pings stand in one line with the messages, so the peer has received all that was sent before that ping.</summary>
    void OnPong(ReadOnlySpan<byte> payload);

    /// <summary>
    /// The peer's close frame arrived and is not answered yet: what must be true when the peer sees the answer is made
    /// true here. Not called for a bad close frame, nor when the connection is lost.
    /// </summary>
    void OnPeerClosing(int? code, string reason)
    {
    }
}
