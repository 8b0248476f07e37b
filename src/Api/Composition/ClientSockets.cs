using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;

namespace Orchestrator.Api.Composition;

/// <summary>
/// What the kernel holds for a client that we do not read, because its upstream is slow or its silo is being looked for. Left to
/// itself it makes the buffer of a steady sender larger and larger, on many systems up to 32 MB: memory that no bound of ours covers
/// and no counter shows, and minutes of audio that the client believes to be delivered.
/// </summary>
internal static class ClientSockets
{
    /// <summary>
    /// Five seconds of microphone, or half a large image; the kernel takes twice of it for its own books. Over a way of 100 ms it
    /// still lets 20 Mbit/s through.
    /// </summary>
    private const int ReceiveBytes = 256 * 1024;

    /// <summary>Accepted sockets have what the listening one has.</summary>
    public static void BoundReceiveBuffers(this IWebHostBuilder host) => host.UseSockets(sockets =>
    {
        var listen = sockets.CreateBoundListenSocket;
        sockets.CreateBoundListenSocket = endpoint =>
        {
            var socket = listen(endpoint);
            socket.ReceiveBufferSize = ReceiveBytes;
            return socket;
        };
    });
}
