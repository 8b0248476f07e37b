using System.Buffers.Binary;

namespace Orchestrator.Wire;

/// <summary>What every frame begins with: length of the body (4 bytes), kind (1), stream (4); numbers in network order.</summary>
/// <param name="Length">Bytes of the body.</param>
/// <param name="Kind">What the body is.</param>
/// <param name="Stream">The conversation on this connection, or the number of a request; 0 for frames of the connection itself.</param>
internal readonly record struct WireHeader(int Length, WireKind Kind, uint Stream)
{
    public const int Size = 9;

    /// <summary>Bytes of the whole frame: what it costs in credit and in queues.</summary>
    public int FrameSize => Size + Length;

    /// <summary>Reads a header, without judging it. A length beyond what an int holds comes out negative.</summary>
    public static WireHeader Read(ReadOnlySpan<byte> from) => new(
        BinaryPrimitives.ReadInt32BigEndian(from), (WireKind)from[4], BinaryPrimitives.ReadUInt32BigEndian(from[5..]));

    public void Write(Span<byte> to)
    {
        BinaryPrimitives.WriteInt32BigEndian(to, Length);
        to[4] = (byte)Kind;
        BinaryPrimitives.WriteUInt32BigEndian(to[5..], Stream);
    }
}
