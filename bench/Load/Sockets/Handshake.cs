using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;

namespace Orchestrator.Bench.Load.Sockets;

/// <summary>Both ends of the upgrade (RFC 6455 §4).</summary>
internal static class Handshake
{
    private const string Guid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

    /// <summary>Connects and upgrades.</summary>
    /// <returns>The socket, and what came behind the answer.</returns>
    /// <exception cref="IOException">It was refused.</exception>
    public static async Task<(Socket Socket, ReadOnlyMemory<byte> Begun)> DialAsync(Uri url, string path, string apiKey)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(IPAddress.Loopback, url.Port);
            var request = $"GET {path} HTTP/1.1\r\nHost: {url.Authority}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                + $"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AQIDBAUGBwgJCgsMDQ4PEA==\r\nx-goog-api-key: {apiKey}\r\n\r\n";
            await socket.SendAsync(Encoding.ASCII.GetBytes(request), SocketFlags.None);
            var head = await HttpHead.ReadAsync(socket) ?? throw new IOException("The upgrade was not answered.");
            return head.Text.StartsWith("HTTP/1.1 101", StringComparison.Ordinal)
                ? (socket, head.Rest)
                : throw new IOException($"The upgrade was refused: {head.Text.Split("\r\n")[0]}");
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>The answer to a client's key.</summary>
    public static byte[] Answer(string key)
    {
#pragma warning disable CA5350 // SHA-1 is what the protocol names; nothing is secured by it.
        var accept = Convert.ToBase64String(SHA1.HashData(Encoding.ASCII.GetBytes(key + Guid)));
#pragma warning restore CA5350
        return Encoding.ASCII.GetBytes($"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: {accept}\r\n\r\n");
    }
}
