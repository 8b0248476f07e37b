using System.Net.WebSockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Orchestrator.Bench.Load.Relay;

/// <summary>
/// The least that a pass-through on this platform can be: Kestrel and <see cref="ClientWebSocket"/>, frames handed on by the
/// thread that received them. What a gateway that keeps promises is compared with.
/// </summary>
internal static class BareRelay
{
    public static async Task<int> RunAsync(int port, int upstreamPort)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls($"http://127.0.0.1:{port}");
        builder.WebHost.UseSockets(sockets => sockets.UnsafePreferInlineScheduling = true);
        var app = builder.Build();
        app.UseWebSockets(new WebSocketOptions { KeepAliveInterval = TimeSpan.Zero });
        app.Run(context => ServeAsync(context, upstreamPort));
        await app.StartAsync();
        Console.WriteLine($"Bare relay is ready at http://127.0.0.1:{port}");
        await Task.Delay(Timeout.Infinite);
        return 0;
    }

    private static async Task ServeAsync(HttpContext context, int upstreamPort)
    {
        using var upstream = new ClientWebSocket();
        upstream.Options.KeepAliveInterval = TimeSpan.Zero;
        await upstream.ConnectAsync(new Uri($"ws://127.0.0.1:{upstreamPort}{context.Request.Path}"), CancellationToken.None);
        using var client = await context.WebSockets.AcceptWebSocketAsync();
        await Task.WhenAny(PumpAsync(client, upstream), PumpAsync(upstream, client));
    }

    private static async Task PumpAsync(WebSocket from, WebSocket to)
    {
        var buffer = new byte[8 * 1024];
        try
        {
            while (true)
            {
                var received = await from.ReceiveAsync(buffer.AsMemory(), CancellationToken.None);
                if (received.MessageType == WebSocketMessageType.Close)
                {
                    await to.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, "", CancellationToken.None);
                    return;
                }

                await to.SendAsync(buffer.AsMemory(0, received.Count), received.MessageType, received.EndOfMessage, CancellationToken.None);
            }
        }
        catch (Exception gone) when (gone is WebSocketException or IOException or OperationCanceledException)
        {
            // One side has left; the other is closed by the caller.
        }
    }
}
