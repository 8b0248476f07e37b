using System.Net.Sockets;
using System.Text;

namespace Orchestrator.Bench.Load.Sockets;

/// <summary>The head of an HTTP message, and what came behind it.</summary>
internal sealed record HttpHead(string Text, ReadOnlyMemory<byte> Rest)
{
    private const int MaxBytes = 16 * 1024;

    /// <summary>Reads up to the empty line; null when the socket ended before it.</summary>
    public static async Task<HttpHead?> ReadAsync(Socket socket)
    {
        var buffer = new byte[MaxBytes];
        for (var held = 0; held < MaxBytes;)
        {
            var count = await socket.ReceiveAsync(buffer.AsMemory(held), SocketFlags.None);
            if (count == 0)
            {
                return null;
            }

            held += count;
            if (buffer.AsSpan(0, held).IndexOf("\r\n\r\n"u8) is var end and >= 0)
            {
                return new HttpHead(Encoding.ASCII.GetString(buffer, 0, end), buffer.AsMemory(end + 4, held - end - 4));
            }
        }

        return null;
    }

    /// <summary>Value of a header; null without it.</summary>
    public string? Value(string name) => Text.Split("\r\n").Skip(1)
        .Select(line => line.Split(':', 2))
        .FirstOrDefault(pair => pair.Length == 2 && pair[0].Equals(name, StringComparison.OrdinalIgnoreCase))?[1].Trim();
}
