using System.Buffers.Binary;

namespace Orchestrator.Bench.Load.Sockets;

/// <summary>Frames of RFC 6455, as far as a load needs them: whole messages without extensions, fragments refused.</summary>
internal static class RawFrame
{
    public const int Text = 1;
    public const int Binary = 2;
    public const int Close = 8;
    public const int Ping = 9;
    public const int Pong = 10;

    /// <summary>A final frame; masked with the key when it is a client's.</summary>
    public static byte[] Make(int opcode, ReadOnlySpan<byte> payload, uint? mask = null)
    {
        var head = HeadSize(payload.Length, mask is not null);
        var frame = new byte[head + payload.Length];
        frame[0] = (byte)(0x80 | opcode);
        frame[1] = (byte)((mask is null ? 0 : 0x80) | (payload.Length < 126 ? payload.Length : 126));
        if (payload.Length >= 126)
        {
            BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(2), checked((ushort)payload.Length));
        }

        payload.CopyTo(frame.AsSpan(head));
        if (mask is { } key)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(frame.AsSpan(head - 4), key);
            Mask(frame.AsSpan(head), key, 0);
        }

        return frame;
    }

    public static int HeadSize(int payload, bool masked) => (payload < 126 ? 2 : 4) + (masked ? 4 : 0);

    /// <summary>Masks, or undoes it. <paramref name="from"/> is where in the payload the bytes stand.</summary>
    public static void Mask(Span<byte> bytes, uint key, int from)
    {
        for (var i = 0; i < bytes.Length; i++)
        {
            bytes[i] ^= (byte)(key >> (((from + i) & 3) * 8));
        }
    }

    /// <summary>Finds the first frame of what was received.</summary>
    /// <param name="key">Null when the frame is not masked.</param>
    /// <returns>False when it is not all there yet.</returns>
    /// <exception cref="InvalidDataException">A fragment, or something else that no peer of ours sends.</exception>
    public static bool TryRead(ReadOnlySpan<byte> received, out int opcode, out uint? key, out int head, out int length)
    {
        (opcode, key, head, length) = (0, null, 2, 0);
        if (received.Length < 2)
        {
            return false;
        }

        opcode = received[0] & 15;
        if ((received[0] & 0xF0) != 0x80)
        {
            throw new InvalidDataException("A fragment, or an extension that nobody asked for.");
        }

        var masked = (received[1] & 0x80) != 0;
        length = received[1] & 0x7F;
        head = length switch { 126 => 4, 127 => 10, _ => 2 };
        if (received.Length < head + 4)
        {
            return received.Length >= head + length && !masked && length < 126;
        }

        length = length switch
        {
            126 => BinaryPrimitives.ReadUInt16BigEndian(received[2..]),
            127 => checked((int)BinaryPrimitives.ReadUInt64BigEndian(received[2..])),
            _ => length,
        };
        if (masked)
        {
            key = BinaryPrimitives.ReadUInt32LittleEndian(received[head..]);
            head += 4;
        }

        return received.Length >= head + length;
    }
}
