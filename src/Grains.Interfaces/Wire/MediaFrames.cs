using Orchestrator.Attach;

namespace Orchestrator.Wire;

/// <summary>A client's frame on its way to the grain.</summary>
internal readonly record struct InputWire(InputFrame Frame) : IWireFrame
{
    private const int Fixed = 8 + 2 + 4;
    private const InputTraits Known = (InputTraits)((((int)InputTraits.ContextUpdate) << 1) - 1);

    public WireKind Kind => WireKind.Input;

    public int Size => Fixed + Frame.Payload.Length;

    public void Write(ref WireWriter to)
    {
        to.I64(Frame.Seq);
        to.U16((ushort)Frame.Traits);
        to.U32((uint)Frame.AudioMs);
        to.Bytes(Frame.Payload.Span);
    }

    /// <summary>The payload is a part of <paramref name="body"/>, not a copy.</summary>
    public static bool TryRead(ReadOnlyMemory<byte> body, out InputWire wire)
    {
        var from = new WireCursor(body.Span);
        var seq = from.Position();
        var traits = (InputTraits)from.U16();
        var audioMs = from.Count();
        wire = from.Failed || (traits & ~Known) != 0 ? default : new InputWire(new InputFrame(body[Fixed..], traits, audioMs) { Seq = seq });
        return !from.Failed && (traits & ~Known) == 0;
    }
}

/// <summary>A frame on its way to the client. The edge drops what is not of its attachment's epoch.</summary>
internal readonly record struct OutputWire(long Epoch, OutputFrame Frame) : IWireFrame
{
    private const int Fixed = 8 + 8 + 1 + 4;
    private const OutputTraits Known = (OutputTraits)((((int)OutputTraits.Words) << 1) - 1);

    public WireKind Kind => WireKind.Output;

    public int Size => Fixed + Frame.Payload.Length;

    public void Write(ref WireWriter to)
    {
        to.I64(Epoch);
        to.I64(Frame.Seq);
        to.U8((byte)Frame.Traits);
        to.U32((uint)Frame.AudioMs);
        to.Bytes(Frame.Payload.Span);
    }

    /// <summary>The payload is a part of <paramref name="body"/>, not a copy.</summary>
    public static bool TryRead(ReadOnlyMemory<byte> body, out OutputWire wire)
    {
        var from = new WireCursor(body.Span);
        var epoch = from.Position();
        var seq = from.Position();
        var traits = (OutputTraits)from.U8();
        var audioMs = from.Count();
        wire = from.Failed || (traits & ~Known) != 0 ? default : new OutputWire(epoch, new OutputFrame(seq, body[Fixed..], traits, audioMs));
        return !from.Failed && (traits & ~Known) == 0;
    }
}
