namespace Gemini.Live.WebSockets;

/// <summary>Who or what ended a server socket; the first cause is kept.</summary>
public enum SocketEndKind
{
    /// <summary>The peer sent a close frame first; code and reason are the peer's.</summary>
    PeerClosed,
    /// <summary>We sent a close frame first; code and reason are ours.</summary>
    ClosedByUs,
    /// <summary>The connection vanished without a close frame.</summary>
    NetworkLost,
    /// <summary>The peer broke the protocol or a bound; code and reason are what we told it.</summary>
    ProtocolViolation,
    /// <summary><see cref="LiveServerSocket.Abort"/>, or the token given to <see cref="LiveServerSocket.RunAsync"/>.</summary>
    Aborted,
}

/// <summary>The end of one server socket, as data.</summary>
/// <param name="Kind">What ended it.</param>
/// <param name="Code">The close code; null without a close frame, or with an empty one.</param>
/// <param name="Reason">The close reason, or what was observed.</param>
/// <param name="Clean">True when both close frames were exchanged.</param>
public sealed record SocketEnd(SocketEndKind Kind, int? Code, string Reason, bool Clean = false);
