using System.Net;
using System.Net.Sockets;
using System.Text;
using Gemini.Live.WebSockets;

namespace Gemini.Live.Tests.Links;

/// <summary>A WebSocket server of a few lines: the upgrade by hand, the rest by <see cref="LiveServerSocket"/> or by the test.</summary>
internal sealed class UpstreamStub : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);

    public UpstreamStub() => _listener.Start();

    public Uri BaseUrl => new($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}/");

    /// <summary>Accepts one connection and reads its request up to the empty line.</summary>
    public async Task<(NetworkStream Stream, Socket Socket, string Request)> AcceptAsync()
    {
        var socket = await _listener.AcceptSocketAsync();
        socket.NoDelay = true;
        var stream = new NetworkStream(socket, ownsSocket: true);
        var request = new StringBuilder();
        var one = new byte[1];
        while (!request.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
        {
            await stream.ReadExactlyAsync(one);
            request.Append((char)one[0]);
        }

        return (stream, socket, request.ToString());
    }

    /// <summary>Accepts one connection and upgrades it.</summary>
    public async Task<(NetworkStream Stream, Socket Socket, string Request)> UpgradeAsync()
    {
        var accepted = await AcceptAsync();
        await accepted.Stream.WriteAsync(Encoding.ASCII.GetBytes(
            $"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {LiveServerSocket.AcceptKey(KeyOf(accepted.Request))}\r\n\r\n"));
        return accepted;
    }

    /// <summary>The key that the client sent with its request.</summary>
    public static string KeyOf(string request) =>
        request.Split("\r\n").Single(line => line.StartsWith("Sec-WebSocket-Key:", StringComparison.OrdinalIgnoreCase)).Split(':', 2)[1].Trim();

    public void Dispose() => _listener.Dispose();
}
