using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Orchestrator.Testing;

/// <summary>
/// A bad network between two processes on this machine. Connections through it can be cut (FIN), reset (RST) or
/// frozen: a frozen connection stays open on both sides and carries nothing, as when a phone leaves its network.
/// </summary>
public sealed class TcpProxy : IAsyncDisposable
{
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly ConcurrentDictionary<int, Pair> pairs = new();
    private readonly CancellationTokenSource stopping = new();
    private readonly Task accepting;
    private readonly int target;
    private int accepted;
    private volatile bool dark;
    private long toTarget;
    private long toClient;

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
            pair.Frozen = true;
        }
    }

    /// <summary>Nothing gets through any more, in old connections and new; nobody is told.</summary>
    public void Blackhole()
    {
        dark = true;
        Freeze();
    }

    /// <summary>New connections work again; those of the dark time end.</summary>
    public void Heal()
    {
        dark = false;
        foreach (var pair in pairs.Values.Where(pair => pair.Frozen))
        {
            pair.Close(reset: true);
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
        var pair = new Pair(client, server) { Frozen = dark };
        try
        {
            await server.ConnectAsync(IPAddress.Loopback, target, stopping.Token);
            pairs[number] = pair;
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
                if (pair.Frozen)
                {
                    await pair.Closed.Task;
                    return;
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
            // One side went away the hard way; so does the other.
            pair.Close(reset: true);
        }
    }

    private sealed class Pair(Socket client, Socket server)
    {
        private volatile bool frozen;

        public bool Frozen
        {
            get => frozen;
            set => frozen = value;
        }

        public TaskCompletionSource Closed { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public void Close(bool reset)
        {
            if (Closed.TrySetResult())
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
