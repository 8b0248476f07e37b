using System.Net;
using System.Net.Sockets;

namespace Gemini.Live.Tests.Support;

/// <summary>Two connected loopback sockets: real buffers, real resets.</summary>
internal sealed class TcpPair : IDisposable
{
    private TcpPair(Socket server, Socket client)
    {
        (ServerSocket, ClientSocket) = (server, client);
        Server = new NetworkStream(server, ownsSocket: true);
        Client = new NetworkStream(client, ownsSocket: true);
    }

    public Socket ServerSocket { get; }

    public Socket ClientSocket { get; }

    public NetworkStream Server { get; }

    public NetworkStream Client { get; }

    public static async Task<TcpPair> ConnectAsync()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        client.Connect(listener.LocalEndpoint); // not async: a socket that was async once allocates in blocking calls
        var server = await listener.AcceptSocketAsync();
        server.NoDelay = true;
        return new TcpPair(server, client);
    }

    /// <summary>The client vanishes with a reset instead of a FIN.</summary>
    public void ResetClient()
    {
        ClientSocket.LingerState = new LingerOption(enable: true, seconds: 0);
        ClientSocket.Close();
    }

    public void Dispose()
    {
        Server.Dispose();
        Client.Dispose();
    }
}
