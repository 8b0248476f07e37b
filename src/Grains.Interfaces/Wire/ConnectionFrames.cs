namespace Orchestrator.Wire;

/// <summary>The edge's first word.</summary>
/// <param name="Nonce">Random; the silo's proof must be over it.</param>
/// <param name="MaxBody">Largest body that the edge reads.</param>
/// <param name="Name">Who it is, for logs.</param>
internal readonly record struct HelloWire(ReadOnlyMemory<byte> Nonce, int MaxBody, string Name) : IWireFrame
{
    /// <summary>What the first bytes must be, before anything else is looked at.</summary>
    public const uint Magic = 0x4F52_4357; // ORCW

    public WireKind Kind => WireKind.Hello;

    public int Size => 4 + 2 + WireProof.NonceBytes + 4 + WireWriter.SizeOf(Name);

    public void Write(ref WireWriter to)
    {
        to.U32(Magic);
        to.U16(WireProof.Version);
        to.Bytes(Nonce.Span);
        to.U32((uint)MaxBody);
        to.Text(Name);
    }

    /// <summary>The version that the body says, whatever follows it; 0 when it is no greeting of ours.</summary>
    public static int VersionOf(ReadOnlySpan<byte> body)
    {
        var from = new WireCursor(body);
        return from.U32() == Magic ? from.U16() : 0;
    }

    public static bool TryRead(ReadOnlySpan<byte> body, out HelloWire wire)
    {
        var from = new WireCursor(body);
        var ours = from.U32() == Magic && from.U16() == WireProof.Version;
        wire = new HelloWire(from.Bytes(WireProof.NonceBytes).ToArray(), from.Count(), from.Text());
        return ours && from.IsDone && wire.MaxBody > 0;
    }
}

/// <summary>The silo's answer; its last bytes prove that it knows the secret.</summary>
/// <param name="Nonce">Random; the edge's proof must be over it.</param>
/// <param name="MaxBody">Largest body that the silo reads.</param>
/// <param name="Silo">Who answers.</param>
/// <param name="Proof">Over both greetings, see <see cref="WireProof"/>.</param>
internal readonly record struct WelcomeWire(ReadOnlyMemory<byte> Nonce, int MaxBody, SiloInstance Silo, ReadOnlyMemory<byte> Proof) : IWireFrame
{
    public WireKind Kind => WireKind.Welcome;

    public int Size => 2 + WireProof.NonceBytes + 4 + 8 + WireWriter.SizeOf(Silo.Name) + WireProof.Bytes;

    public void Write(ref WireWriter to)
    {
        to.U16(WireProof.Version);
        to.Bytes(Nonce.Span);
        to.U32((uint)MaxBody);
        to.I64(Silo.Incarnation);
        to.Text(Silo.Name);
        to.Bytes(Proof.Span);
    }

    public static bool TryRead(ReadOnlySpan<byte> body, out WelcomeWire wire)
    {
        var from = new WireCursor(body);
        var ours = from.U16() == WireProof.Version;
        var nonce = from.Bytes(WireProof.NonceBytes).ToArray();
        var maxBody = from.Count();
        var incarnation = from.I64();
        var silo = new SiloInstance(from.Text(), incarnation);
        wire = new WelcomeWire(nonce, maxBody, silo, from.Bytes(WireProof.Bytes).ToArray());
        return ours && from.IsDone && maxBody > 0;
    }
}

/// <summary>The edge's proof that it knows the secret; the first other frame may follow at once.</summary>
internal readonly record struct ProofWire(ReadOnlyMemory<byte> Proof) : IWireFrame
{
    public WireKind Kind => WireKind.Proof;

    public int Size => WireProof.Bytes;

    public void Write(ref WireWriter to) => to.Bytes(Proof.Span);
}

/// <summary>A sign of life and its echo, which carries the same number.</summary>
internal readonly record struct PingWire(WireKind Kind, long Number) : IWireFrame
{
    public int Size => 8;

    public void Write(ref WireWriter to) => to.I64(Number);

    public static bool TryRead(ReadOnlySpan<byte> body, out long number)
    {
        var from = new WireCursor(body);
        number = from.Position();
        return from.IsDone;
    }
}

/// <summary>The last word before a connection is closed.</summary>
internal readonly record struct GoodbyeWire(WireFault Fault) : IWireFrame
{
    public WireKind Kind => WireKind.Goodbye;

    public int Size => 1 + WireWriter.SizeOf(Fault.Reason);

    public void Write(ref WireWriter to)
    {
        to.U8((byte)(Fault.Code < WireFaultCode.PeerLeft ? Fault.Code : WireFaultCode.Other));
        to.Text(Fault.Reason);
    }

    public static bool TryRead(ReadOnlySpan<byte> body, out GoodbyeWire wire)
    {
        var from = new WireCursor(body);
        var code = (WireFaultCode)from.U8();
        wire = new GoodbyeWire(new WireFault(Enum.IsDefined(code) ? code : WireFaultCode.Other, from.Text()));
        return from.IsDone;
    }
}
