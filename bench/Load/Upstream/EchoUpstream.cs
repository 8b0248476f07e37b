using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Orchestrator.Bench.Load.Sockets;

namespace Orchestrator.Bench.Load.Upstream;

/// <summary>
/// A Gemini Live server that costs as little as one can: raw sockets, no parsing beyond what an echo needs. It is a process
/// of its own, so that its share of the machine is known. <c>GET /end/GoAway</c> (or another <see cref="SessionEnd"/>) ends one of its connections, drawn at random.
/// </summary>
internal sealed class EchoUpstream : IDisposable
{
    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly ConcurrentDictionary<EchoSession, bool> _sessions = new();
    private readonly Random _random = new(1);
    private int _numbers;

    private EchoUpstream(int port)
    {
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, port));
        _listener.Listen(1024);
    }

    /// <summary>Serves until the process is ended.</summary>
    public static async Task<int> RunAsync(int port)
    {
        using var upstream = new EchoUpstream(port);
        Console.WriteLine($"Echo upstream is ready at http://127.0.0.1:{port}");
        while (true)
        {
            var socket = await upstream._listener.AcceptAsync();
            socket.NoDelay = true;
            _ = Task.Run(() => upstream.ServeAsync(socket));
        }
    }

    public void Dispose() => _listener.Dispose();

    private async Task ServeAsync(Socket socket)
    {
        using (socket)
        {
            try
            {
                if (await HttpHead.ReadAsync(socket) is not { } head)
                {
                    return;
                }

                var path = head.Text.Split(' ')[1];
                if (path.StartsWith("/end/", StringComparison.Ordinal))
                {
                    EndOne(Enum.Parse<SessionEnd>(path["/end/".Length..]));
                    await socket.SendAsync("HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"u8.ToArray(), SocketFlags.None);
                    return;
                }

                await socket.SendAsync(Handshake.Answer(head.Value("sec-websocket-key") ?? ""), SocketFlags.None);
                var session = new EchoSession(socket, Interlocked.Increment(ref _numbers));
                _sessions[session] = true;
                await session.RunAsync(head.Rest);
                _sessions.TryRemove(session, out _);
            }
            catch (Exception gone) when (gone is SocketException or ObjectDisposedException)
            {
                // The other side has left.
            }
        }
    }

    private void EndOne(SessionEnd end)
    {
        if (_sessions.Keys.ToArray() is { Length: > 0 } all)
        {
            _ = all[_random.Next(all.Length)].EndAsync(end);
        }
    }
}
