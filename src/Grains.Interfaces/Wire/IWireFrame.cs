namespace Orchestrator.Wire;

/// <summary>
/// A frame that can be written. Frames are structs and are handed over as such, so that writing one allocates nothing;
/// each has a static <c>TryRead</c> that is true only for a body that it would have written itself.
/// </summary>
internal interface IWireFrame
{
    WireKind Kind { get; }

    /// <summary>Bytes of the body.</summary>
    int Size { get; }

    /// <summary>Writes the body: exactly <see cref="Size"/> bytes.</summary>
    void Write(ref WireWriter to);
}
