using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Orchestrator.Testing;

/// <summary>
/// A bad network between two processes on this machine. Connections through it can be cut (FIN), reset (RST) or
/// frozen: a frozen connection stays open on both sides and carries nothing, as when a phone leaves its network. The network
/// as a whole can refuse (every connection is reset, new ones too) or swallow everything, until it is healed.
/// </summary>
public sealed class TcpProxy : IAsyncDisposable
{
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly ConcurrentDictionary<int, Pair> pairs = new();
    private readonly CancellationTokenSource stopping = new();
    private readonly Task accepting;
    private readonly int target;
    private volatile Weather weather;
    private int accepted;
    private long toTarget;
    private long toClient;

    private enum Weather
    {
        Fair,
        Refusing,
        Swallowing,
    }

    /// <param name="target">Loopback port to which connections are passed on.</param>
    public TcpProxy(int target)
    {
        this.target = target;
        listener.Start();
        Port = ((IPEndPoint)listener.LocalEndpoint).Port;
        accepting = AcceptAsync();
    }

    public int Port { get; }

    /// <summary>How many connections came in so far.</summary>
    public int Accepted => Volatile.Read(ref accepted);

    public long BytesToTarget => Interlocked.Read(ref toTarget);

    public long BytesToClient => Interlocked.Read(ref toClient);

    /// <summary>Stops all traffic of the connections that are open now; nobody is told. New connections work.</summary>
    public void Freeze()
    {
        foreach (var pair in pairs.Values)
        {
            pair.Freeze();
        }
    }

    /// <summary>A firewall that answers: what is open is reset, and so is what is dialled.</summary>
    public void Refuse()
    {
        weather = Weather.Refusing;
        Reset();
    }

    /// <summary>A firewall that does not answer: nothing gets through, in neither direction, on old and new connections, not even their ends.</summary>
    public void Swallow()
    {
        weather = Weather.Swallowing;
        Freeze();
    }

    /// <summary>Good weather again. What stands still goes on with all that was held up, as TCP does.</summary>
    public void Heal()
    {
        weather = Weather.Fair;
        foreach (var pair in pairs.Values)
        {
            pair.Thaw();
        }
    }

    /// <summary>Closes the open connections in order (FIN), without a word of the protocol above.</summary>
    public void Cut()
    {
        foreach (var pair in pairs.Values)
        {
            pair.Close(reset: false);
        }
    }

    /// <summary>Resets the open connections (RST).</summary>
    public void Reset()
    {
        foreach (var pair in pairs.Values)
        {
            pair.Close(reset: true);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        listener.Stop();
        Heal();
        Cut();
        await accepting;
        stopping.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (!stopping.IsCancellationRequested)
        {
            Socket client;
            try
            {
                client = await listener.AcceptSocketAsync(stopping.Token);
            }
            catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
            {
                return;
            }
            _ = CarryAsync(client);
        }
    }

    private async Task CarryAsync(Socket client)
    {
        var number = Interlocked.Increment(ref accepted);
        var server = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        client.NoDelay = true;
        var pair = new Pair(client, server);
        if (weather == Weather.Refusing)
        {
            pair.Close(reset: true);
            return;
        }

        pairs[number] = pair;
        if (weather == Weather.Swallowing)
        {
            pair.Freeze();
            if (weather != Weather.Swallowing)
            {
                // Healed in between.
                pair.Thaw();
            }
        }

        try
        {
            await pair.Thawed;
            await server.ConnectAsync(IPAddress.Loopback, target, stopping.Token);
            var up = PumpAsync(pair, client, server, n => Interlocked.Add(ref toTarget, n));
            var down = PumpAsync(pair, server, client, n => Interlocked.Add(ref toClient, n));
            await Task.WhenAll(up, down);
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // The target is not there: the client sees its connection closed, as with a real dead server.
        }
        finally
        {
            pairs.TryRemove(number, out _);
            pair.Close(reset: false);
        }
    }

    private static async Task PumpAsync(Pair pair, Socket from, Socket to, Action<int> count)
    {
        var buffer = new byte[16384];
        try
        {
            while (true)
            {
                var read = await from.ReceiveAsync(buffer);
                await pair.Thawed;
                if (pair.IsClosed)
                {
                    return; // what was held up is lost with the connection
                }

                if (read == 0)
                {
                    to.Shutdown(SocketShutdown.Send);
                    return;
                }
                for (var sent = 0; sent < read;)
                {
                    sent += await to.SendAsync(buffer.AsMemory(sent, read - sent));
                }
                count(read);
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // One side went away the hard way; so does the other, when it can hear of it.
            await pair.Thawed;
            pair.Close(reset: true);
        }
    }

    private sealed class Pair(Socket client, Socket server)
    {
        private readonly Lock _gate = new();
        private readonly TaskCompletionSource _closed = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private TaskCompletionSource? _frozen;

        public bool IsClosed => _closed.Task.IsCompleted;

        /// <summary>Completes when the connection carries something, or is over.</summary>
        public Task Thawed
        {
            get
            {
                lock (_gate)
                {
                    return _frozen is { } frozen ? Task.WhenAny(frozen.Task, _closed.Task) : Task.CompletedTask;
                }
            }
        }

        public void Freeze()
        {
            lock (_gate)
            {
                _frozen ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            }
        }

        public void Thaw()
        {
            lock (_gate)
            {
                _frozen?.TrySetResult();
                _frozen = null;
            }
        }

        public void Close(bool reset)
        {
            if (_closed.TrySetResult())
            {
                foreach (var socket in (Socket[])[client, server])
                {
                    if (reset)
                    {
                        socket.LingerState = new LingerOption(enable: true, seconds: 0);
                    }
                    socket.Dispose();
                }
            }
        }
    }
}
