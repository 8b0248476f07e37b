using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;
using System.Text;

namespace Gemini.Live.WebSockets;

/// <summary>Opcodes of RFC 6455 §5.2.</summary>
internal enum Opcode : byte
{
    Continuation = 0,
    Text = 1,
    Binary = 2,
    Close = 8,
    Ping = 9,
    Pong = 10,
}

/// <summary>The bytes of RFC 6455: frame headers, masks and close payloads.</summary>
internal static class FrameCodec
{
    /// <summary>A control frame's payload, and so a close reason plus its two bytes of code, may not be longer.</summary>
    public const int MaxControlPayload = 125;

    /// <summary>Bytes of the key in a masked frame's header.</summary>
    public const int MaskSize = 4;

    private const int MaxReason = MaxControlPayload - 2;

    /// <summary>Size of the unmasked header of a frame with this payload.</summary>
    public static int HeaderSize(int payload) => payload < 126 ? 2 : payload <= ushort.MaxValue ? 4 : 10;

    /// <summary>Writes an unmasked final frame; the target has <see cref="HeaderSize"/> plus payload bytes.</summary>
    public static int Write(Span<byte> target, Opcode opcode, ReadOnlySpan<byte> payload)
    {
        var header = WriteHeader(target, opcode, payload.Length);
        payload.CopyTo(target[header..]);
        return header + payload.Length;
    }

    /// <summary>Writes a masked final frame; the target has <see cref="HeaderSize"/>, four and payload bytes.</summary>
    public static int WriteMasked(Span<byte> target, Opcode opcode, ReadOnlySpan<byte> payload, uint key)
    {
        var header = HeaderSize(payload.Length);
        var masked = target.Slice(header + MaskSize, payload.Length);
        WriteHeader(target, opcode, payload.Length);
        target[1] |= 0x80;
        MemoryMarshal.Write(target[header..], in key);
        payload.CopyTo(masked);
        Mask(masked, key);
        return header + MaskSize + payload.Length;
    }

    /// <summary>Puts a mask on, or takes it off, in place. <paramref name="key"/> holds the four key bytes in memory order.</summary>
    public static void Mask(Span<byte> payload, uint key)
    {
        var wide = MemoryMarshal.Cast<byte, Vector<byte>>(payload);
        var mask = Vector.AsVectorByte(new Vector<uint>(key));
        for (var i = 0; i < wide.Length; i++)
        {
            wide[i] ^= mask;
        }

        // A vector is a multiple of four bytes long, so the key is in step again here.
        Span<byte> keyBytes = stackalloc byte[4];
        MemoryMarshal.Write(keyBytes, in key);
        for (var i = wide.Length * Vector<byte>.Count; i < payload.Length; i++)
        {
            payload[i] ^= keyBytes[i & 3];
        }
    }

    /// <summary>Code and reason as a close payload; the reason is cut to 123 bytes, never inside a character.</summary>
    public static byte[] ClosePayload(int code, string reason)
    {
        var text = Encoding.UTF8.GetBytes(reason);
        var length = CutLength(text);
        var payload = new byte[2 + length];
        BinaryPrimitives.WriteUInt16BigEndian(payload, (ushort)code);
        text.AsSpan(0, length).CopyTo(payload.AsSpan(2));
        return payload;
    }

    /// <summary>A reason short enough for a close frame: 123 bytes of UTF-8, never cut inside a character.</summary>
    public static string CutReason(string reason)
    {
        var text = Encoding.UTF8.GetBytes(reason);
        return Encoding.UTF8.GetString(text, 0, CutLength(text));
    }

    private static int WriteHeader(Span<byte> target, Opcode opcode, int payload)
    {
        target[0] = (byte)(0x80 | (byte)opcode);
        var header = HeaderSize(payload);
        switch (header)
        {
            case 2:
                target[1] = (byte)payload;
                break;
            case 4:
                target[1] = 126;
                BinaryPrimitives.WriteUInt16BigEndian(target[2..], (ushort)payload);
                break;
            default:
                target[1] = 127;
                BinaryPrimitives.WriteUInt64BigEndian(target[2..], (ulong)payload);
                break;
        }

        return header;
    }

    private static int CutLength(ReadOnlySpan<byte> text)
    {
        var length = Math.Min(text.Length, MaxReason);
        while (length < text.Length && length > 0 && (text[length] & 0xC0) == 0x80)
        {
            length--;
        }

        return length;
    }

    /// <summary>Reads a close payload; false when it breaks the protocol (one byte, or a code that may not be sent).</summary>
    public static bool TryReadClose(ReadOnlySpan<byte> payload, out int? code, out string reason)
    {
        code = null;
        reason = "";
        if (payload.IsEmpty)
        {
            return true;
        }

        if (payload.Length == 1)
        {
            return false;
        }

        code = BinaryPrimitives.ReadUInt16BigEndian(payload);
        reason = Encoding.UTF8.GetString(payload[2..]);
        return MaySend(code.Value);
    }

    /// <summary>Codes that may stand in a close frame (RFC 6455 §7.4, IANA registry).</summary>
    public static bool MaySend(int code) => code is >= 1000 and <= 1003 or >= 1007 and <= 1014 or >= 3000 and <= 4999;
}
