using System.Buffers.Binary;

namespace Gemini.Live.Tests.WebSockets;

/// <summary>A client's frames written by hand, right or wrong.</summary>
internal static class RawFrames
{
    public static byte[] Frame(int opcode, ReadOnlySpan<byte> payload, bool final = true, bool masked = true, int reserved = 0, uint key = 0x9A3C51F7)
    {
        using var bytes = new MemoryStream();
        bytes.WriteByte((byte)((final ? 0x80 : 0) | reserved << 4 | opcode));
        var mask = masked ? 0x80 : 0;
        Span<byte> size = stackalloc byte[8];
        if (payload.Length < 126)
        {
            bytes.WriteByte((byte)(mask | payload.Length));
        }
        else if (payload.Length <= ushort.MaxValue)
        {
            bytes.WriteByte((byte)(mask | 126));
            BinaryPrimitives.WriteUInt16BigEndian(size, (ushort)payload.Length);
            bytes.Write(size[..2]);
        }
        else
        {
            bytes.WriteByte((byte)(mask | 127));
            BinaryPrimitives.WriteUInt64BigEndian(size, (ulong)payload.Length);
            bytes.Write(size);
        }

        if (masked)
        {
            BinaryPrimitives.WriteUInt32BigEndian(size, key);
            bytes.Write(size[..4]);
        }

        for (var i = 0; i < payload.Length; i++)
        {
            bytes.WriteByte(masked ? (byte)(payload[i] ^ size[i & 3]) : payload[i]);
        }

        return bytes.ToArray();
    }

    /// <summary>Reads one unmasked server frame.</summary>
    public static async Task<(int Opcode, byte[] Payload)> ReadAsync(Stream stream)
    {
        var head = new byte[2];
        await stream.ReadExactlyAsync(head);
        Assert.Equal(0x80, head[0] & 0xF0);
        Assert.Equal(0, head[1] & 0x80);
        var length = (long)head[1];
        if (length == 126)
        {
            var extended = new byte[2];
            await stream.ReadExactlyAsync(extended);
            length = BinaryPrimitives.ReadUInt16BigEndian(extended);
        }
        else if (length == 127)
        {
            var extended = new byte[8];
            await stream.ReadExactlyAsync(extended);
            length = BinaryPrimitives.ReadInt64BigEndian(extended);
        }

        var payload = new byte[length];
        await stream.ReadExactlyAsync(payload);
        return (head[0] & 0x0F, payload);
    }

    /// <summary>Reads one small masked client frame.</summary>
    public static async Task<(int Opcode, byte[] Payload)> ReadMaskedAsync(Stream stream)
    {
        var head = new byte[6];
        await stream.ReadExactlyAsync(head);
        Assert.Equal(0x80, head[1] & 0x80);
        var payload = new byte[head[1] & 0x7F];
        await stream.ReadExactlyAsync(payload);
        for (var i = 0; i < payload.Length; i++)
        {
            payload[i] ^= head[2 + (i & 3)];
        }

        return (head[0] & 0x0F, payload);
    }

    /// <summary>Reads until the close frame and gives its code.</summary>
    public static async Task<int?> ReadCloseAsync(Stream stream)
    {
        while (true)
        {
            var (opcode, payload) = await ReadAsync(stream).WaitAsync(Support.Waiting.Generous);
            if (opcode == 8)
            {
                return payload.Length < 2 ? null : BinaryPrimitives.ReadUInt16BigEndian(payload);
            }
        }
    }
}
