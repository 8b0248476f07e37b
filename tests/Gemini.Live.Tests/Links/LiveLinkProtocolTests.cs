using System.Text;
using Gemini.Live.Links;
using Gemini.Live.Tests.Support;
using Gemini.Live.Tests.WebSockets;
using Gemini.Live.WebSockets;

namespace Gemini.Live.Tests.Links;

/// <summary>The client's end of RFC 6455 as it looks on the wire.</summary>
public sealed class LiveLinkProtocolTests
{
    [Fact]
    public async Task EveryFrame_HasAKeyOfItsOwn()
    {
        await using var pair = await LinkPair.OpenAsync();
        var payload = "same words"u8.ToArray();
        var seen = new HashSet<string>();
        for (var i = 0; i < 600; i++)
        {
            await pair.Link.SendAsync(payload);
            var frame = new byte[2 + 4 + payload.Length];
            await pair.Stream.ReadExactlyAsync(frame).AsTask().Soon();
            Assert.Equal((0x81, 0x80 | payload.Length), (frame[0], frame[1]));
            seen.Add(Convert.ToHexString(frame.AsSpan(2, 4)));
            for (var n = 0; n < payload.Length; n++)
            {
                Assert.Equal(payload[n], (byte)(frame[6 + n] ^ frame[2 + (n & 3)]));
            }
        }

        Assert.InRange(seen.Count, 590, 600); // 600 of 2^32
    }

    [Theory]
    [InlineData(0)]
    [InlineData(125)]
    [InlineData(126)]
    [InlineData(65_535)]
    [InlineData(65_536)]
    public async Task AnySize_ArrivesWhole(int size)
    {
        await using var pair = await LinkPair.OpenAsync();
        var server = pair.Serve();
        var payload = new byte[size];
        new Random(size).NextBytes(payload);
        await pair.Link.SendAsync(payload);
        Assert.Equal(payload, (await server.Handler.Frames.ReadAsync().AsTask().Soon()).Payload);
    }

    [Fact]
    public async Task Ping_IsAnsweredWithItsPayload()
    {
        await using var pair = await LinkPair.OpenAsync();
        await pair.Stream.WriteAsync(RawFrames.Frame(10, "unasked"u8, masked: false));
        await pair.Stream.WriteAsync(RawFrames.Frame(9, "are you there"u8, masked: false));
        var (opcode, payload) = await RawFrames.ReadMaskedAsync(pair.Stream).Soon();
        Assert.Equal((10, "are you there"), (opcode, Encoding.ASCII.GetString(payload)));
    }

    [Fact]
    public async Task PeerThatPingsAndDoesNotRead_IsStillHeard()
    {
        await using var pair = await LinkPair.OpenAsync();
        while (pair.Link.SendAsync(new byte[100_000]).IsCompleted)
        {
        }

        // More pongs than a bounded queue holds: those that do not fit are left out, and what follows is received.
        var pings = Enumerable.Range(0, 2000).SelectMany(_ => RawFrames.Frame(9, new byte[125], masked: false)).ToArray();
        await pair.Stream.WriteAsync(pings);
        await pair.Stream.WriteAsync(RawFrames.Frame(1, "behind them"u8, masked: false));
        Assert.Equal("behind them", Encoding.ASCII.GetString(await pair.Frames.ReadAsync().AsTask().Soon()));
        Assert.InRange(pair.Link.WaitingBytes, 64 * 1024, (64 * 1024) + 200);
    }

    [Fact]
    public async Task MaskedFrame_IsAViolation_AndUpstreamIsTold()
    {
        await using var pair = await LinkPair.OpenAsync();
        await pair.Stream.WriteAsync(RawFrames.Frame(1, "x"u8, masked: true));
        var (opcode, payload) = await RawFrames.ReadMaskedAsync(pair.Stream).Soon();
        Assert.Equal((8, 1002), (opcode, (payload[0] << 8) | payload[1]));
        pair.Socket.Close();
        Assert.Equal(LinkLossKind.ProtocolViolation, (await pair.Run.Soon()).Kind);
    }

    [Fact]
    public async Task AbortDuringASend_CompletesTheSend()
    {
        await using var pair = await LinkPair.OpenAsync();
        ValueTask send;
        while ((send = pair.Link.SendAsync(new byte[100_000])).IsCompleted)
        {
        }

        pair.Link.Abort();
        await send.AsTask().Soon();
        Assert.Equal(LinkLossKind.ClosedByUs, (await pair.Run.Soon()).Kind);
    }

    [Theory]
    [InlineData("Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {0}x\r\n")]
    [InlineData("Upgrade: websocket\r\nConnection: Upgrade\r\n")]
    [InlineData("Upgrade: h2c\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {0}\r\n")]
    [InlineData("Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {0}\r\nSec-WebSocket-Extensions: permessage-deflate\r\n")]
    public async Task AnswerThatIsNoUpgrade_IsAFailedDial(string headers)
    {
        var failed = Assert.IsType<LinkDial.Failed>(await DialAsync("101 Switching Protocols", headers));
        Assert.Equal(LinkLossKind.DialFailed, failed.Loss.Kind);
    }

    [Fact]
    public async Task UpgradeBesideOtherConnectionOptions_IsOne()
    {
        var open = Assert.IsType<LinkDial.Open>(await DialAsync(
            "101 Switching Protocols", "Upgrade: WebSocket\r\nConnection: keep-alive, Upgrade\r\nSec-WebSocket-Accept: {0}\r\n"));
        await open.Link.DisposeAsync();
    }

    /// <summary>The key in the headers is for the address that was configured.</summary>
    [Fact]
    public async Task Redirect_IsNotFollowed()
    {
        using var elsewhere = new UpstreamStub();
        var failed = Assert.IsType<LinkDial.Failed>(await DialAsync("307 Temporary Redirect", $"Location: {elsewhere.BaseUrl}\r\nContent-Length: 0\r\n"));
        Assert.Equal((LinkLossKind.DialRefused, (int?)307), (failed.Loss.Kind, failed.Loss.HttpStatus));
    }

    /// <param name="headers">With {0} where the right accept key goes.</param>
    private static async Task<LinkDial> DialAsync(string status, string headers)
    {
        using var stub = new UpstreamStub();
        var dial = LiveLink.DialAsync(LinkTargets.Developer(stub.BaseUrl, "v1beta", "k"), new LinkOptions(), TimeProvider.System, default);
        var (stream, _, request) = await stub.AcceptAsync().Soon();
        await using var end = stream;
        var answer = headers.Replace("{0}", LiveServerSocket.AcceptKey(UpstreamStub.KeyOf(request)), StringComparison.Ordinal);
        await stream.WriteAsync(Encoding.ASCII.GetBytes($"HTTP/1.1 {status}\r\n{answer}\r\n"));
        return await dial.Soon();
    }
}
