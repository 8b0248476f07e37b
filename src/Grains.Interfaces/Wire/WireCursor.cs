using System.Buffers.Binary;
using System.Text;

namespace Orchestrator.Wire;

/// <summary>
/// Reads a frame's body field by field. Reading beyond its end, or what no writer writes, sets <see cref="Failed"/> and
/// gives defaults from there on, so that a reader of frames asks once, at its end.
/// </summary>
internal ref struct WireCursor(ReadOnlySpan<byte> body)
{
    /// <summary>Longest text on the link, in bytes.</summary>
    public const int MaxText = 1024;

    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private ReadOnlySpan<byte> _left = body;

    public bool Failed { get; private set; }

    /// <summary>True when everything was read and nothing was wrong.</summary>
    public readonly bool IsDone => !Failed && _left.IsEmpty;

    public readonly int Left => _left.Length;

    public byte U8() => Take(1) is [var value] ? value : (byte)0;

    public ushort U16() => Take(2) is { Length: 2 } bytes ? BinaryPrimitives.ReadUInt16BigEndian(bytes) : (ushort)0;

    public uint U32() => Take(4) is { Length: 4 } bytes ? BinaryPrimitives.ReadUInt32BigEndian(bytes) : 0;

    /// <summary>A count or a size: never negative.</summary>
    public int Count() => (int)Checked(U32() is var value and <= int.MaxValue ? value : -1L);

    public long I64() => Take(8) is { Length: 8 } bytes ? BinaryPrimitives.ReadInt64BigEndian(bytes) : 0;

    /// <summary>A position: never negative.</summary>
    public long Position() => Checked(I64());

    public bool Flag()
    {
        var value = U8();
        Failed |= value > 1;
        return value == 1;
    }

    public ReadOnlySpan<byte> Bytes(int count) => Take(count);

    public string Text()
    {
        var length = U16();
        Failed |= length > MaxText;
        try
        {
            return Failed ? "" : Strict.GetString(Take(length));
        }
        catch (DecoderFallbackException)
        {
            Failed = true;
            return "";
        }
    }

    /// <summary>Says that what was read makes no sense.</summary>
    public void Refuse() => Failed = true;

    private long Checked(long value)
    {
        Failed |= value < 0;
        return Math.Max(0, value);
    }

    private ReadOnlySpan<byte> Take(int count)
    {
        if (Failed || count > _left.Length)
        {
            Failed = true;
            return [];
        }

        var taken = _left[..count];
        _left = _left[count..];
        return taken;
    }
}
