namespace Orchestrator.Wire;

/// <summary>The grain's answer to an attach; the stream is open.</summary>
/// <param name="Credit">Bytes of input that the silo takes before it gives more.</param>
internal readonly record struct AttachedWire(int Generation, long Epoch, long NextInput, long NextOutput, bool AwaitsSetup, int Credit) : IWireFrame
{
    public WireKind Kind => WireKind.Attached;

    public int Size => 4 + 8 + 8 + 8 + 1 + 4;

    public void Write(ref WireWriter to)
    {
        to.U32((uint)Generation);
        to.I64(Epoch);
        to.I64(NextInput);
        to.I64(NextOutput);
        to.Flag(AwaitsSetup);
        to.U32((uint)Credit);
    }

    public static bool TryRead(ReadOnlySpan<byte> body, out AttachedWire wire)
    {
        var from = new WireCursor(body);
        wire = new AttachedWire(from.Count(), from.Position(), from.Position(), from.Position(), from.Flag(), from.Count());
        return from.IsDone;
    }
}

/// <summary>A position of one kind or another: output that the client has, or input that nobody needs any more.</summary>
internal readonly record struct PositionWire(WireKind Kind, long Position) : IWireFrame
{
    public int Size => 8;

    public void Write(ref WireWriter to) => to.I64(Position);

    public static bool TryRead(ReadOnlySpan<byte> body, out long position)
    {
        var from = new WireCursor(body);
        position = from.Position();
        return from.IsDone;
    }
}

/// <summary>The silo takes so many more bytes of a stream's input.</summary>
internal readonly record struct CreditWire(int Bytes) : IWireFrame
{
    public WireKind Kind => WireKind.Credit;

    public int Size => 4;

    public void Write(ref WireWriter to) => to.U32((uint)Bytes);

    public static bool TryRead(ReadOnlySpan<byte> body, out CreditWire wire)
    {
        var from = new WireCursor(body);
        wire = new CreditWire(from.Count());
        return from.IsDone && wire.Bytes > 0;
    }
}

/// <summary>An end, with its code and words: a refused attach, a close towards the client, a client that has left.</summary>
/// <param name="Code">Null, only of a detach: the client vanished without one.</param>
internal readonly record struct EndingWire(WireKind Kind, int? Code, string Reason) : IWireFrame
{
    public int Size => 2 + WireWriter.SizeOf(Reason);

    public void Write(ref WireWriter to)
    {
        to.U16((ushort)(Code ?? 0));
        to.Text(Reason);
    }

    public static bool TryRead(WireKind kind, ReadOnlySpan<byte> body, out EndingWire wire)
    {
        var from = new WireCursor(body);
        int code = from.U16();
        wire = new EndingWire(kind, code == 0 ? null : code, from.Text());
        return from.IsDone && (kind == WireKind.Detach || code != 0);
    }
}
