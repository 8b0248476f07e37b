using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Orchestrator.Api.Composition;
using Xunit;

namespace Orchestrator.Api.Tests.Live;

public sealed class ClientSocketsTests
{
    /// <summary>However much a client sends and nobody reads: the kernel takes half a megabyte of it, and what the client's own side holds.</summary>
    [Fact]
    public async Task Client_ThatNobodyReads_FillsNoMoreThanABoundedBuffer()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.BoundReceiveBuffers();
        await using var app = builder.Build();
        using var listener = app.Services.GetRequiredService<IOptions<SocketTransportOptions>>().Value.CreateBoundListenSocket(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        using var client = new Socket(SocketType.Stream, ProtocolType.Tcp) { SendBufferSize = 64 * 1024 };
        await client.ConnectAsync(listener.LocalEndPoint!);
        using var accepted = await listener.AcceptAsync();
        Assert.InRange(accepted.ReceiveBufferSize, 128 * 1024, 512 * 1024);

        // A steady sender that is read makes the kernel enlarge a buffer that nobody has bounded.
        var piece = new byte[64 * 1024];
        for (var n = 0; n < 1_000; n++)
        {
            var sending = client.SendAsync(piece);
            for (var left = piece.Length; left > 0;)
            {
                left -= await accepted.ReceiveAsync(new byte[left]);
            }

            await sending;
        }

        client.Blocking = false;
        var taken = 0;
        try
        {
            while (taken < 64 * 1024 * 1024)
            {
                taken += client.Send(piece);
            }
        }
        catch (SocketException full) when (full.SocketErrorCode == SocketError.WouldBlock)
        {
            // Both buffers are full.
        }

        Assert.InRange(taken, 1, 1024 * 1024);
    }
}
