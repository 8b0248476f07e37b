using System.Net;
using System.Net.Sockets;
using System.Text;
using Gemini.Live.WebSockets;

namespace Orchestrator.Silo.WarmUp;

/// <summary>Where a warm-up's conversations dial: a server on a loopback port that knows one dialogue by heart.</summary>
internal sealed class WarmUpUpstream : IAsyncDisposable
{
    private const int LongestHead = 8 * 1024;
    private const string KeyHeader = "\r\nSec-WebSocket-Key:";

    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly CancellationTokenSource _stopping = new();
    private readonly Task _accepting;
    private readonly List<Task> _serving = [];
    private int _answered;

    public WarmUpUpstream()
    {
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen();
        Url = $"http://{_listener.LocalEndPoint}";
        _accepting = Task.Run(AcceptAsync);
    }

    public string Url { get; }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        _listener.Dispose();
        await _accepting;
        await Task.WhenAll(_serving);
        _stopping.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                var socket = await _listener.AcceptAsync(_stopping.Token);
                socket.NoDelay = true;
                _serving.Add(Task.Run(() => ServeAsync(socket)));
            }
        }
        catch (Exception end) when (end is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // The warm-up is over.
        }
    }

    private async Task ServeAsync(Socket accepted)
    {
        var stream = new NetworkStream(accepted, ownsSocket: true);
        await using var socket = new LiveServerSocket(stream, new ServerSocketOptions());
        try
        {
            await stream.WriteAsync(Encoding.ASCII.GetBytes(
                $"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: {LiveServerSocket.AcceptKey(await KeyAsync(stream))}\r\n\r\n"));
            await socket.RunAsync(new WarmUpModel(socket, () => Interlocked.Increment(ref _answered)), _stopping.Token);
        }
        catch (Exception gone) when (gone is IOException or OperationCanceledException)
        {
            // Dialled ahead and never used, or the warm-up is over.
        }
    }

    /// <summary>Reads the request's head; our own client says nothing behind it before it has the answer.</summary>
    private async Task<string> KeyAsync(NetworkStream stream)
    {
        var head = new byte[LongestHead];
        for (var length = 0; length < head.Length;)
        {
            var count = await stream.ReadAsync(head.AsMemory(length), _stopping.Token);
            length += count;
            var text = Encoding.ASCII.GetString(head, 0, length);
            if (text.EndsWith("\r\n\r\n", StringComparison.Ordinal) && text.IndexOf(KeyHeader, StringComparison.OrdinalIgnoreCase) is >= 0 and var at)
            {
                at += KeyHeader.Length;
                return text[at..text.IndexOf("\r\n", at, StringComparison.Ordinal)].Trim();
            }

            if (count == 0)
            {
                break;
            }
        }

        throw new IOException("No upgrade was asked for.");
    }
}
