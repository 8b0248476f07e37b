using Orchestrator.Attach;

namespace Orchestrator.Wire;

/// <summary>Another silo takes a conversation over and asks its owner to let it go; its stream is the request's number.</summary>
internal readonly record struct ReleaseWire(ReleaseRequest Request) : IWireFrame
{
    public WireKind Kind => WireKind.Release;

    public int Size => WireWriter.SizeOf(Request.Tenant.Value) + 16 + 8 + 1;

    public void Write(ref WireWriter to)
    {
        WireIds.Write(ref to, Request.Tenant, Request.Conversation);
        to.I64(Request.Epoch);
        to.Flag(Request.ClientRemembers);
    }

    public static bool TryRead(ReadOnlySpan<byte> body, out ReleaseWire wire)
    {
        var from = new WireCursor(body);
        var (tenant, conversation) = WireIds.Read(ref from);
        wire = new ReleaseWire(new ReleaseRequest(tenant, conversation, from.Position(), from.Flag()));
        return from.IsDone;
    }
}

/// <summary>The answer to a <see cref="ReleaseWire"/>.</summary>
/// <param name="InOrder">Everything is written and upstream's connection closed; otherwise the conversation is not there.</param>
internal readonly record struct ReleasedWire(bool InOrder) : IWireFrame
{
    public WireKind Kind => WireKind.Released;

    public int Size => 1;

    public void Write(ref WireWriter to) => to.Flag(InOrder);

    public static bool TryRead(ReadOnlySpan<byte> body, out ReleasedWire wire)
    {
        var from = new WireCursor(body);
        wire = new ReleasedWire(from.Flag());
        return from.IsDone;
    }
}
