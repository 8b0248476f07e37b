using System.Buffers.Binary;
using System.Text;

namespace Orchestrator.Wire;

/// <summary>Writes a frame's body field by field into room that was measured before.</summary>
internal ref struct WireWriter(Span<byte> room)
{
    private Span<byte> _left = room;

    public readonly int Left => _left.Length;

    /// <summary>Bytes that a text takes. Longer ones are cut to what the link carries.</summary>
    public static int SizeOf(string text) => sizeof(ushort) + Encoding.UTF8.GetByteCount(Cut(text));

    public void U8(byte value) => Take(1)[0] = value;

    public void U16(ushort value) => BinaryPrimitives.WriteUInt16BigEndian(Take(2), value);

    public void U32(uint value) => BinaryPrimitives.WriteUInt32BigEndian(Take(4), value);

    public void I64(long value) => BinaryPrimitives.WriteInt64BigEndian(Take(8), value);

    public void Flag(bool value) => U8(value ? (byte)1 : (byte)0);

    public void Bytes(scoped ReadOnlySpan<byte> value) => value.CopyTo(Take(value.Length));

    public void Text(string text)
    {
        var cut = Cut(text);
        U16((ushort)Encoding.UTF8.GetByteCount(cut));
        _left = _left[Encoding.UTF8.GetBytes(cut, _left)..];
    }

    /// <summary>So many characters fit whatever they are; half a surrogate pair at the end becomes a replacement character.</summary>
    private static ReadOnlySpan<char> Cut(string text) => text.AsSpan(0, Math.Min(text.Length, WireCursor.MaxText / 3));

    private Span<byte> Take(int count)
    {
        var taken = _left[..count];
        _left = _left[count..];
        return taken;
    }
}
