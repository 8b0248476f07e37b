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
    /// <summary>However much a client sends, the kernel holds no more than half a megabyte of it that we have not read.</summary>
    [Fact]
    public async Task Client_ThatSendsMuch_DoesNotMakeItsBufferGrow()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.BoundReceiveBuffers();
        await using var app = builder.Build();
        using var listener = app.Services.GetRequiredService<IOptions<SocketTransportOptions>>().Value.CreateBoundListenSocket(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        using var client = new Socket(SocketType.Stream, ProtocolType.Tcp) { SendBufferSize = 64 * 1024 };
        await client.ConnectAsync(listener.LocalEndPoint!);
        using var accepted = await listener.AcceptAsync();

        // A steady sender that is read makes the kernel enlarge a buffer that nobody has bounded: to tens of megabytes, where it may.
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

        Assert.InRange(accepted.ReceiveBufferSize, 128 * 1024, 512 * 1024);
    }
}
