namespace Orchestrator.Wire;

/// <summary>Why a connection ends. On the wire in a goodbye, and as the tag <c>end</c> of its metric.</summary>
public enum WireFaultCode : byte
{
    Other = 0,

    /// <summary>An orderly stop.</summary>
    Stopping = 1,

    /// <summary>The peer could not prove that it knows the secret.</summary>
    BadSecret = 2,

    /// <summary>The peer speaks another version.</summary>
    Version = 3,

    /// <summary>The peer did not introduce itself in time.</summary>
    Timeout = 4,

    /// <summary>A body that is not what its kind says, or a kind that may not stand here.</summary>
    Malformed = 5,

    /// <summary>A kind that nobody knows.</summary>
    UnknownKind = 6,

    /// <summary>A frame larger than the reader reads.</summary>
    Oversize = 7,

    /// <summary>A stream that was never opened.</summary>
    UnknownStream = 8,

    /// <summary>More input than there was credit for.</summary>
    Overrun = 9,

    /// <summary>More connections than one silo serves.</summary>
    TooMany = 10,

    /// <summary>Another silo, or another life of it, than the one that was wanted.</summary>
    WrongSilo = 11,

    /// <summary>The peer closed the connection without a word. Never on the wire, like all that follow.</summary>
    PeerLeft = 64,

    /// <summary>The transport failed.</summary>
    NetworkLost = 65,

    /// <summary>Nothing was heard from the peer for too long.</summary>
    Silent = 66,

    /// <summary>The peer reads too slowly: the queue was full.</summary>
    QueueFull = 67,

    /// <summary>A bug on this side.</summary>
    Internal = 68,
}

/// <summary>How a connection of the internal link ended.</summary>
/// <param name="Code">The cause.</param>
/// <param name="Reason">Details, in words that may be logged.</param>
public sealed record WireFault(WireFaultCode Code, string Reason)
{
    /// <summary>Value of the metric's tag.</summary>
    public string Tag => Code.ToString() is var name ? char.ToLowerInvariant(name[0]) + name[1..] : "";
}
