using System.Net.Sockets;

namespace Orchestrator.Bench.Load.Sockets;

/// <summary>A frame as it stands in the receive buffer; still masked if a key is given.</summary>
internal delegate void RawFrameHandler(int opcode, Span<byte> payload, uint? key);

/// <summary>The receiving half of a raw socket: frames are handed over on the receiving thread, where they stand.</summary>
internal static class RawReceiver
{
    private const int BufferBytes = 16 * 1024;

    /// <summary>Receives until the socket ends, for whatever reason.</summary>
    /// <param name="begun">Bytes that were received with the handshake.</param>
    public static async Task RunAsync(Socket socket, ReadOnlyMemory<byte> begun, RawFrameHandler handle)
    {
        var buffer = new byte[Math.Max(BufferBytes, begun.Length)];
        begun.CopyTo(buffer);
        var held = Take(buffer, begun.Length, handle);
        try
        {
            while (true)
            {
                if (held == buffer.Length)
                {
                    Array.Resize(ref buffer, buffer.Length * 2);
                }

                var count = await socket.ReceiveAsync(buffer.AsMemory(held), SocketFlags.None);
                if (count == 0)
                {
                    return;
                }

                held = Take(buffer, held + count, handle);
            }
        }
        catch (Exception gone) when (gone is SocketException or ObjectDisposedException)
        {
            // The other side has left.
        }
    }

    /// <returns>Bytes of an unfinished frame, now at the front of the buffer.</returns>
    private static int Take(byte[] buffer, int held, RawFrameHandler handle)
    {
        var at = 0;
        while (RawFrame.TryRead(buffer.AsSpan(at, held - at), out var opcode, out var key, out var head, out var length))
        {
            handle(opcode, buffer.AsSpan(at + head, length), key);
            at += head + length;
        }

        buffer.AsSpan(at, held - at).CopyTo(buffer);
        return held - at;
    }
}
