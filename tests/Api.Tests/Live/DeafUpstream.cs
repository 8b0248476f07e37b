using System.Net;
using System.Net.Sockets;
using System.Text;
using Gemini.Live.WebSockets;

namespace Orchestrator.Api.Tests.Live;

/// <summary>An upstream that completes the setup and reads nothing after its first further frame.</summary>
internal sealed class DeafUpstream : IServerSocketHandler, IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly TaskCompletionSource _never = new();
    private LiveServerSocket? _socket;
    private bool _setUp;

    public DeafUpstream()
    {
        _listener.Start();
        _ = ServeAsync();
    }

    public string Url => $"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}";

    public ValueTask OnFrameAsync(ReadOnlyMemory<byte> payload, bool binary)
    {
        if (_setUp)
        {
            return new ValueTask(_never.Task);
        }

        _setUp = true;
        _socket!.TrySend("""{"setupComplete":{}}"""u8, binary: true);
        return ValueTask.CompletedTask;
    }

    public void OnPing(ReadOnlySpan<byte> payload)
    {
    }

    public void OnPong(ReadOnlySpan<byte> payload)
    {
    }

    public async ValueTask DisposeAsync()
    {
        _listener.Stop();
        if (_socket is not null)
        {
            await _socket.DisposeAsync();
        }

        _never.TrySetResult();
    }

    private async Task ServeAsync()
    {
        using var client = await _listener.AcceptTcpClientAsync();
        var stream = client.GetStream();
        using var reader = new StreamReader(stream, Encoding.ASCII, leaveOpen: true, bufferSize: 1);
        var key = "";
        while (await reader.ReadLineAsync() is { Length: > 0 } line)
        {
            key = line.StartsWith("Sec-WebSocket-Key:", StringComparison.OrdinalIgnoreCase) ? line[18..].Trim() : key;
        }

        await stream.WriteAsync(Encoding.ASCII.GetBytes(
            $"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: {LiveServerSocket.AcceptKey(key)}\r\n\r\n"));
        _socket = new LiveServerSocket(stream, new ServerSocketOptions());
        await _socket.RunAsync(this, CancellationToken.None);
    }
}
