using System.Diagnostics;
using System.Net.Sockets;
using System.Net.WebSockets;
using Gemini.Live.WebSockets;
using Microsoft.AspNetCore.Http.Features;
using Orchestrator.Api.Live;
using Orchestrator.Testing;

namespace Orchestrator.Api.Tests.Live;

/// <summary>Our socket on the transport under Kestrel's request, in the clear and encrypted.</summary>
public sealed class TransportStreamTests
{
    public static TheoryData<bool> InTheClearAndEncrypted => [false, true];

    [Theory]
    [MemberData(nameof(InTheClearAndEncrypted))]
    public async Task Frames_InTheRequestsPacket_AreReceived(bool tls)
    {
        // Masked with zeros.
        byte[] early = [0x81, 0x80 | 5, 0, 0, 0, 0, .. "early"u8, 0x81, 0x80 | 3, 0, 0, 0, 0, .. "too"u8];
        await using var fixture = await UpgradedFixture.StartAsync(tls, early);
        Assert.Equal("early"u8.ToArray(), await fixture.NextAsync());
        Assert.Equal("too"u8.ToArray(), await fixture.NextAsync());
    }

    [Theory]
    [MemberData(nameof(InTheClearAndEncrypted))]
    public async Task Messages_OfAnySize_ArriveBothWays_AndTheEndIsClean(bool tls)
    {
        await using var fixture = await UpgradedFixture.StartAsync(tls);
        fixture.OnFrame = frame => fixture.Socket.TrySend(frame.Span, binary: true);
        var random = new Random(7);
        foreach (var size in (int[])[0, 1, 125, 126, 4_090, 4_096, 65_535, 65_536, 1_000_000, 20])
        {
            var payload = new byte[size];
            random.NextBytes(payload);
            await fixture.Client.SendAsync(payload, WebSocketMessageType.Text, endOfMessage: true, CancellationToken.None);
            Assert.Equal(payload, await ReceiveAsync(fixture.Client));
        }

        await Patience.For(fixture.Client.CloseAsync(WebSocketCloseStatus.NormalClosure, "bye", CancellationToken.None), "the close");
        Assert.Equal(new SocketEnd(SocketEndKind.PeerClosed, 1000, "bye", Clean: true), await fixture.Ended);
        await fixture.Served;
        Assert.Empty(fixture.Complaints);
    }

    /// <summary>The bounds of unread output look at what the transport has not taken.</summary>
    [Theory]
    [MemberData(nameof(InTheClearAndEncrypted))]
    public async Task ClientThatDoesNotRead_LeavesTheWriteIncompleteUntilItDoes(bool tls)
    {
        await using var fixture = await UpgradedFixture.StartAsync(tls);
        var sent = Fill(fixture);
        for (byte i = 1; i <= sent; i++)
        {
            var (payload, expected) = (await ReceiveAsync(fixture.Client), i);
            Assert.Equal(100_000, payload.Length);
            Assert.False(payload.AsSpan().ContainsAnyExcept(expected), $"Frame {i} is not what was sent.");
        }

        await Patience.Until(() => Task.FromResult(fixture.Socket.QueuedBytes == 0), "the last write's end");
        Assert.Null(fixture.Socket.StalledSinceTimestamp);
        Assert.Empty(fixture.Complaints);
    }

    [Theory]
    [MemberData(nameof(InTheClearAndEncrypted))]
    public async Task Abort_EndsReadAndWrite_AndTheConnection(bool tls)
    {
        await using var fixture = await UpgradedFixture.StartAsync(tls);
        Fill(fixture);
        fixture.Socket.Abort();
        Assert.Equal(SocketEndKind.Aborted, (await fixture.Ended).Kind);
        await fixture.Served;
        await Patience.For(ReadToTheEndAsync(fixture.Stream), "the connection's end");
        Assert.Empty(fixture.Complaints);
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public async Task ClientThatIsLost_EndsTheRequest_EvenInTheMidstOfAWrite(bool tls, bool writing)
    {
        await using var fixture = await UpgradedFixture.StartAsync(tls);
        if (writing)
        {
            Fill(fixture);
        }

        fixture.Tcp.LingerState = new LingerOption(enable: true, seconds: 0);
        fixture.Tcp.Close();
        var end = await fixture.Ended;
        Assert.False(end.Clean);
        Assert.True(end.Kind is SocketEndKind.NetworkLost or SocketEndKind.Aborted, $"{end}");
        await fixture.Served;
        Assert.False(fixture.Socket.TrySend("x"u8, binary: false));
        Assert.Empty(fixture.Complaints);
    }

    [Theory]
    [MemberData(nameof(InTheClearAndEncrypted))]
    public async Task ServerThatStops_LetsTheConversationEnd(bool tls)
    {
        await using var fixture = await UpgradedFixture.StartAsync(tls);
        fixture.OnFrame = frame => fixture.Socket.TrySend(frame.Span, binary: true);
        var stop = fixture.StopAsync();
        for (var i = 0; i < 3; i++)
        {
            await fixture.Client.SendAsync("still here"u8.ToArray(), WebSocketMessageType.Text, endOfMessage: true, CancellationToken.None);
            Assert.Equal("still here"u8.ToArray(), await ReceiveAsync(fixture.Client));
        }

        Assert.False(stop.IsCompleted);
        fixture.Socket.Close(1001, "stopping");
        var buffer = new byte[10];
        Assert.Equal(WebSocketMessageType.Close, (await fixture.Client.ReceiveAsync(buffer, CancellationToken.None)).MessageType);
        await fixture.Client.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, "", CancellationToken.None);
        Assert.Equal(new SocketEnd(SocketEndKind.ClosedByUs, 1001, "stopping", Clean: true), await fixture.Ended);
        await Patience.For(stop, "the server's stop");
        Assert.Empty(fixture.Complaints);
    }

    [Fact]
    public void ServerThatShowsNoConnection_IsServedThroughItsUpgrade()
    {
        using var upgraded = new MemoryStream();
        Assert.Same(upgraded, TransportStream.Of(new FeatureCollection(), upgraded));
    }

    /// <summary>Sends until the client's unread output holds the write up. Frames are filled with their number.</summary>
    private static byte Fill(UpgradedFixture fixture)
    {
        var payload = new byte[100_000];
        byte sent = 0;
        var clock = Stopwatch.StartNew();
        while (fixture.Socket.QueuedBytes < 2_000_000)
        {
            Assert.True(sent < 250 && clock.Elapsed < Patience.Limit, "The transport takes everything.");
            payload.AsSpan().Fill(++sent);
            Assert.True(fixture.Socket.TrySend(payload, binary: true));
        }

        Assert.NotNull(fixture.Socket.StalledSinceTimestamp);
        return sent;
    }

    private static async Task<byte[]> ReceiveAsync(WebSocket client)
    {
        var message = new MemoryStream();
        var buffer = new byte[16 * 1024];
        ValueWebSocketReceiveResult received;
        do
        {
            received = await Patience.For(client.ReceiveAsync(buffer.AsMemory(), CancellationToken.None).AsTask(), "a message");
            message.Write(buffer, 0, received.Count);
        }
        while (!received.EndOfMessage);
        return message.ToArray();
    }

    private static async Task ReadToTheEndAsync(Stream stream)
    {
        try
        {
            var buffer = new byte[64 * 1024];
            while (await stream.ReadAsync(buffer) > 0)
            {
            }
        }
        catch (IOException)
        {
            // A reset is an end, too.
        }
    }
}
