namespace Orchestrator.Wire;

/// <summary>Kinds of frames on the internal link (docs/design/internal-link.md). Numbers are never used again for something else.</summary>
internal enum WireKind : byte
{
    Hello = 1,
    Welcome = 2,
    Proof = 3,
    Ping = 4,
    Pong = 5,
    Goodbye = 6,

    Attach = 16,
    Attached = 17,
    Refused = 18,
    Input = 19,
    Output = 20,
    Acknowledge = 21,
    Durable = 22,
    Credit = 23,
    Detach = 24,
    Close = 25,
    End = 26,
    Ended = 27,
    Release = 28,
    Released = 29,
}
