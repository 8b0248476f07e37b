using Orchestrator.Attach;

namespace Orchestrator.Wire;

/// <summary>Opens a stream for a client.</summary>
internal readonly record struct AttachWire(AttachRequest Request) : IWireFrame
{
    public WireKind Kind => WireKind.Attach;

    public int Size => WireWriter.SizeOf(Request.Tenant.Value) + 16 + 1 + 1 + (Request.Client is null ? 0 : 16 + 4) + MemoryWire.SizeOf(Request.Memory) + Request.SetupFrame.Length;

    public void Write(ref WireWriter to)
    {
        WireIds.Write(ref to, Request.Tenant, Request.Conversation);
        to.Flag(Request.Resume);
        WireIds.Write(ref to, Request.Client, Request.Attempt);
        MemoryWire.Write(ref to, Request.Memory);
        to.Bytes(Request.SetupFrame.Span);
    }

    /// <summary>The setup is copied: it outlives the buffer.</summary>
    public static bool TryRead(ReadOnlySpan<byte> body, out AttachWire wire)
    {
        var from = new WireCursor(body);
        var (tenant, conversation) = WireIds.Read(ref from);
        var resume = from.Flag();
        var (client, attempt) = WireIds.ReadClient(ref from);
        var memory = MemoryWire.Read(ref from);
        var setup = from.Bytes(from.Left).ToArray();
        wire = new AttachWire(new AttachRequest(tenant, conversation, resume, setup) { Client = client, Attempt = attempt, Memory = memory });
        return from.IsDone;
    }
}

/// <summary>Ends a conversation for good; its stream is the request's number.</summary>
internal readonly record struct EndWire(TenantId Tenant, ConversationId Conversation, string Reason) : IWireFrame
{
    public WireKind Kind => WireKind.End;

    public int Size => WireWriter.SizeOf(Tenant.Value) + 16 + WireWriter.SizeOf(Reason);

    public void Write(ref WireWriter to)
    {
        WireIds.Write(ref to, Tenant, Conversation);
        to.Text(Reason);
    }

    public static bool TryRead(ReadOnlySpan<byte> body, out EndWire wire)
    {
        var from = new WireCursor(body);
        var (tenant, conversation) = WireIds.Read(ref from);
        wire = new EndWire(tenant, conversation, from.Text());
        return from.IsDone;
    }
}

internal enum EndResult : byte
{
    Unknown = 0,
    Ended = 1,
    Failed = 2,
}

/// <summary>The answer to an <see cref="EndWire"/>.</summary>
internal readonly record struct EndedWire(EndResult Result) : IWireFrame
{
    public WireKind Kind => WireKind.Ended;

    public int Size => 1;

    public void Write(ref WireWriter to) => to.U8((byte)Result);

    public static bool TryRead(ReadOnlySpan<byte> body, out EndedWire wire)
    {
        var from = new WireCursor(body);
        wire = new EndedWire((EndResult)from.U8());
        return from.IsDone && wire.Result <= EndResult.Failed;
    }
}

internal static class WireIds
{
    public static void Write(ref WireWriter to, TenantId tenant, ConversationId conversation)
    {
        to.Text(tenant.Value);
        Span<byte> id = stackalloc byte[16];
        conversation.Value.TryWriteBytes(id, bigEndian: true, out _);
        to.Bytes(id);
    }

    public static void Write(ref WireWriter to, Guid? client, int attempt)
    {
        to.Flag(client is not null);
        if (client is { } named)
        {
            Span<byte> id = stackalloc byte[16];
            named.TryWriteBytes(id, bigEndian: true, out _);
            to.Bytes(id);
            to.U32((uint)attempt);
        }
    }

    public static (Guid? Client, int Attempt) ReadClient(ref WireCursor from) =>
        from.Flag() && from.Bytes(16) is { Length: 16 } id ? (new Guid(id, bigEndian: true), from.Count()) : (null, 0);

    public static (TenantId Tenant, ConversationId Conversation) Read(ref WireCursor from)
    {
        var tenant = from.Text();
        var id = from.Bytes(16);
        if (from.Failed || !TenantId.IsValid(tenant))
        {
            from.Refuse();
            return default;
        }

        return (new TenantId(tenant), new ConversationId(new Guid(id, bigEndian: true)));
    }
}
