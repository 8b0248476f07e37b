namespace Gemini.Live.Links;

/// <summary>How a connection ended, apart from what it means; the meaning is decided by the conversation.</summary>
public enum LinkLossKind
{
    /// <summary>The peer sent a close frame; <see cref="LinkLoss.Code"/> and reason are the peer's.</summary>
    CloseFrame,
    /// <summary>The connection vanished without a close frame (what SDKs report as 1006).</summary>
    NetworkLost,
    /// <summary>The upgrade was answered with an HTTP error; <see cref="LinkLoss.HttpStatus"/> says which.</summary>
    DialRefused,
    /// <summary>No connection could be made: DNS, TCP, TLS or a time-out.</summary>
    DialFailed,
    /// <summary>We closed it.</summary>
    ClosedByUs,
    /// <summary>The peer broke the WebSocket protocol or sent a frame over the limit.</summary>
    ProtocolViolation,
    /// <summary>Nobody dialled: the endpoint has failed so often lately that it is left alone for a while.</summary>
    CircuitOpen,
    /// <summary>Nobody saw the end: the process that held the connection is gone.</summary>
    OwnerLost,
}

/// <summary>The end of one upstream connection, as data.</summary>
/// <param name="Kind">What was observed.</param>
/// <param name="Code">Close code of the peer's close frame; null without one, or with an empty one.</param>
/// <param name="Reason">Close reason, response text or exception message; safe to log, never shown to clients unread.</param>
/// <param name="HttpStatus">Status of a refused upgrade.</param>
public sealed record LinkLoss(LinkLossKind Kind, int? Code, string Reason, int? HttpStatus = null);
