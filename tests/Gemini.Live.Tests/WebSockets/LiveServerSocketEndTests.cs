using System.Net.WebSockets;
using System.Text;
using Gemini.Live.Tests.Support;
using Gemini.Live.WebSockets;

namespace Gemini.Live.Tests.WebSockets;

/// <summary>Every way in which a server socket can end.</summary>
public sealed class LiveServerSocketEndTests
{
    public static TheoryData<string, byte[], int> Violations => new()
    {
        { "unmasked", RawFrames.Frame(1, "x"u8, masked: false), 1002 },
        { "reserved bit", RawFrames.Frame(1, "x"u8, reserved: 4), 1002 },
        { "reserved data opcode", RawFrames.Frame(3, "x"u8), 1002 },
        { "reserved control opcode", RawFrames.Frame(11, "x"u8), 1002 },
        { "continuation of nothing", RawFrames.Frame(0, "x"u8), 1002 },
        { "text inside a message", [.. RawFrames.Frame(1, "x"u8, final: false), .. RawFrames.Frame(1, "y"u8)], 1002 },
        { "long ping", RawFrames.Frame(9, new byte[126]), 1002 },
        { "fragmented ping", RawFrames.Frame(9, "x"u8, final: false), 1002 },
        { "close of one byte", RawFrames.Frame(8, "x"u8), 1002 },
        { "close with 1005", RawFrames.Frame(8, [1005 >> 8, 1005 & 255]), 1002 },
        { "close with 999", RawFrames.Frame(8, [999 >> 8, 999 & 255]), 1002 },
        { "negative length", [0x82, 0xFF, 0xFF, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4], 1002 },
        { "announced too large", [0x82, 0xFF, 0, 0, 0, 1, 0, 0, 0, 0, 1, 2, 3, 4], 1009 },
        { "joined too large", [.. RawFrames.Frame(2, new byte[6000], final: false), .. RawFrames.Frame(0, new byte[4193])], 1009 },
    };

    [Theory]
    [MemberData(nameof(Violations))]
    public async Task PeerThatBreaksTheProtocol_IsToldTheCode(string what, byte[] bytes, int code)
    {
        using var pair = await TcpPair.ConnectAsync();
        var handler = new RecordingHandler();
        await using var server = new LiveServerSocket(pair.Server, new ServerSocketOptions { MaxFrameBytes = 10192 });
        var run = server.RunAsync(handler, default);
        await pair.Client.WriteAsync(bytes);
        await pair.Client.WriteAsync(new byte[5000]); // unread rest must not turn the close into a reset
        Assert.Equal(code, await RawFrames.ReadCloseAsync(pair.Client));
        pair.Client.Dispose();
        var end = await run.Soon();
        Assert.True((SocketEndKind.ProtocolViolation, code) == (end.Kind, end.Code), $"{what}: {end}");
        Assert.False(handler.Frames.TryPeek(out _));
    }

    [Fact]
    public async Task MessageOfExactlyTheLimit_IsDelivered()
    {
        using var pair = await TcpPair.ConnectAsync();
        var handler = new RecordingHandler();
        await using var server = new LiveServerSocket(pair.Server, new ServerSocketOptions { MaxFrameBytes = 10192 });
        _ = server.RunAsync(handler, default);
        await pair.Client.WriteAsync(RawFrames.Frame(2, new byte[10192]));
        Assert.Equal(10192, (await handler.Frames.ReadAsync().AsTask().Soon()).Payload.Length);
    }

    [Fact]
    public async Task ViolatorThatNeitherReadsNorLeaves_IsAbortedAfterTheGrace()
    {
        using var pair = await TcpPair.ConnectAsync();
        var time = new ManualTime();
        await using var server = new LiveServerSocket(pair.Server, new ServerSocketOptions { Clock = time });
        var run = server.RunAsync(new RecordingHandler(), default);
        await pair.Client.WriteAsync(RawFrames.Frame(3, []));
        await RawFrames.ReadCloseAsync(pair.Client);
        await Waiting.UntilAsync(() => server.QueuedBytes == 0, "the write is booked, so that the grace counts from now");
        Assert.False(run.IsCompleted);
        time.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(SocketEndKind.ProtocolViolation, (await run.Soon()).Kind);
    }

    [Theory]
    [InlineData(1000, "")]
    [InlineData(1001, "going away")]
    [InlineData(4321, "own code")]
    public async Task PeerClose_WithACode_IsEchoed(int code, string reason)
    {
        using var pair = await TcpPair.ConnectAsync();
        await using var server = new LiveServerSocket(pair.Server, new ServerSocketOptions());
        var run = server.RunAsync(new RecordingHandler(), default);
        await pair.Client.WriteAsync(RawFrames.Frame(8, [(byte)(code >> 8), (byte)code, .. Encoding.UTF8.GetBytes(reason)]));
        Assert.Equal(code, await RawFrames.ReadCloseAsync(pair.Client));
        Assert.Equal(new SocketEnd(SocketEndKind.PeerClosed, code, reason, Clean: true), await run.Soon());
        Assert.False(server.TrySend("x"u8, binary: true));
        Assert.False(server.TryPing([]));
    }

    [Fact]
    public async Task PeerClose_WithoutACode_IsAnsweredWith1000()
    {
        using var pair = await TcpPair.ConnectAsync();
        await using var server = new LiveServerSocket(pair.Server, new ServerSocketOptions());
        var run = server.RunAsync(new RecordingHandler(), default);
        await pair.Client.WriteAsync(RawFrames.Frame(8, []));
        Assert.Equal(1000, await RawFrames.ReadCloseAsync(pair.Client));
        Assert.Equal(new SocketEnd(SocketEndKind.PeerClosed, null, "", Clean: true), await run.Soon());
    }

    [Fact]
    public async Task OurClose_ComesAfterEverythingQueuedAndTheFirstWins()
    {
        using var pair = await TcpPair.ConnectAsync();
        await using var server = new LiveServerSocket(pair.Server, new ServerSocketOptions());
        var run = server.RunAsync(new RecordingHandler(), default);
        for (var i = 0; i < 300; i++)
        {
            Assert.True(server.TrySend(new byte[20000], binary: true));
        }

        server.Close(1008, new string('é', 100));
        server.Close(1000, "too late");
        Assert.False(server.TrySend("x"u8, binary: true));
        using var client = WebSocket.CreateFromStream(pair.Client, isServer: false, null, Timeout.InfiniteTimeSpan);
        for (var i = 0; i < 300; i++)
        {
            Assert.Equal(20000, (await LiveServerSocketTests.ReceiveAsync(client).Soon()).Payload.Length);
        }

        Assert.Equal(WebSocketMessageType.Close, (await client.ReceiveAsync(new byte[10], default).Soon()).MessageType);
        Assert.Equal((WebSocketCloseStatus)1008, client.CloseStatus);
        Assert.Equal(new string('é', 61), client.CloseStatusDescription); // 122 bytes: half a character is not sent
        await client.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, default);
        var end = await run.Soon();
        Assert.Equal((SocketEndKind.ClosedByUs, (int?)1008, true), (end.Kind, end.Code, end.Clean));
    }

    [Theory]
    [InlineData(1005)]
    [InlineData(1006)]
    [InlineData(0)]
    [InlineData(70000)]
    public async Task OurClose_WithACodeThatMayNotBeSent_Is1011(int code)
    {
        using var pair = await TcpPair.ConnectAsync();
        await using var server = new LiveServerSocket(pair.Server, new ServerSocketOptions());
        _ = server.RunAsync(new RecordingHandler(), default);
        server.Close(code, "");
        Assert.Equal(1011, await RawFrames.ReadCloseAsync(pair.Client));
    }

    [Fact]
    public async Task OurClose_ThatIsNotAnswered_AbortsAfterTheGrace()
    {
        using var pair = await TcpPair.ConnectAsync();
        var time = new ManualTime();
        await using var server = new LiveServerSocket(pair.Server, new ServerSocketOptions { Clock = time });
        var run = server.RunAsync(new RecordingHandler(), default);
        server.Close(1000, "bye");
        Assert.Equal(1000, await RawFrames.ReadCloseAsync(pair.Client));
        await Waiting.UntilAsync(() => server.QueuedBytes == 0, "the write is booked, so that the grace counts from now");
        time.Advance(TimeSpan.FromMilliseconds(1999));
        Assert.False(run.IsCompleted);
        time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal(new SocketEnd(SocketEndKind.ClosedByUs, 1000, "bye", Clean: false), await run.Soon());
    }

    [Fact]
    public async Task OurClose_WhileASlowReaderStillReads_GrantsNewGraceWithEveryPiece()
    {
        using var pair = await TcpPair.ConnectAsync();
        pair.ServerSocket.SendBufferSize = 8192;
        pair.ClientSocket.ReceiveBufferSize = 64 * 1024; // else the system lets it grow until nothing waits any more
        var time = new ManualTime();
        await using var server = new LiveServerSocket(pair.Server, new ServerSocketOptions { Clock = time });
        var run = server.RunAsync(new RecordingHandler(), default);
        while (server.QueuedBytes < 4_000_000)
        {
            server.TrySend(new byte[50_000], binary: true);
        }

        server.Close(1000, "bye");
        var read = new byte[1 << 20];
        for (var i = 0; i < 3; i++)
        {
            var before = server.QueuedBytes;
            time.Advance(TimeSpan.FromMilliseconds(1500));
            await pair.Client.ReadExactlyAsync(read).AsTask().Soon();
            await Waiting.UntilAsync(() => server.QueuedBytes < before, "some of it was taken");
        }

        Assert.False(run.IsCompleted);
        Assert.True(server.QueuedBytes > 0);
        await Waiting.UntilAsync(
            () =>
            {
                time.Advance(TimeSpan.FromSeconds(2)); // now the reader has stopped for good
                return run.IsCompleted;
            },
            "the grace ran out");
        Assert.Equal(SocketEndKind.ClosedByUs, (await run).Kind);
    }

    [Fact]
    public async Task FramesThatTheClientSentBeforeItSawOurClose_AreDelivered()
    {
        using var pair = await TcpPair.ConnectAsync();
        var handler = new RecordingHandler();
        await using var server = new LiveServerSocket(pair.Server, new ServerSocketOptions());
        var run = server.RunAsync(handler, default);
        server.Close(1000, "");
        await pair.Client.WriteAsync(RawFrames.Frame(2, "late"u8));
        await pair.Client.WriteAsync(RawFrames.Frame(8, []));
        Assert.True((await run.Soon()).Clean);
        Assert.True(handler.Frames.TryRead(out var frame));
        Assert.Equal("late"u8.ToArray(), frame.Payload);
    }

    [Fact]
    public async Task PeerThatLeavesWithoutAClose_IsANetworkLoss()
    {
        using var pair = await TcpPair.ConnectAsync();
        await using var server = new LiveServerSocket(pair.Server, new ServerSocketOptions());
        var run = server.RunAsync(new RecordingHandler(), default);
        await pair.Client.WriteAsync(RawFrames.Frame(2, new byte[1000]).AsMemory(0, 500));
        pair.Client.Dispose();
        Assert.Equal((SocketEndKind.NetworkLost, null), ((await run.Soon()).Kind, (await run).Code));
    }

    [Fact]
    public async Task PeerThatResets_IsANetworkLossEvenWithAFullQueue()
    {
        using var pair = await TcpPair.ConnectAsync();
        await using var server = new LiveServerSocket(pair.Server, new ServerSocketOptions());
        var run = server.RunAsync(new RecordingHandler(), default);
        while (server.TrySend(new byte[100_000], binary: true))
        {
        }

        pair.ResetClient();
        Assert.Equal(SocketEndKind.NetworkLost, (await run.Soon()).Kind);
        Assert.False(server.TrySend("x"u8, binary: true));
        await Waiting.UntilAsync(() => server.QueuedBytes == 0, "the queue was given up");
    }

    [Fact]
    public async Task Abort_WithAHalfOpenPeerAndAFullQueue_EndsAtOnce()
    {
        using var pair = await TcpPair.ConnectAsync();
        await using var server = new LiveServerSocket(pair.Server, new ServerSocketOptions());
        using var abort = new CancellationTokenSource();
        var run = server.RunAsync(new RecordingHandler(), abort.Token);
        while (server.TrySend(new byte[100_000], binary: true))
        {
        }

        await abort.CancelAsync();
        Assert.Equal(SocketEndKind.Aborted, (await run.Soon()).Kind);
        server.Close(1000, "");
        server.Abort();
        Assert.False(server.TrySend("x"u8, binary: true));
    }

    [Fact]
    public async Task HandlerThatThrows_AbortsTheSocketAndTheExceptionComesOut()
    {
        using var pair = await TcpPair.ConnectAsync();
        await using var server = new LiveServerSocket(pair.Server, new ServerSocketOptions());
        var run = server.RunAsync(new RecordingHandler { Hold = _ => throw new InvalidTimeZoneException() }, default);
        await pair.Client.WriteAsync(RawFrames.Frame(2, "x"u8));
        await Assert.ThrowsAsync<InvalidTimeZoneException>(() => run.Soon());
        Assert.False(server.TrySend("x"u8, binary: true));
    }

    [Fact]
    public async Task RandomBytes_NeverThrow()
    {
        for (var seed = 0; seed < 200; seed++)
        {
            var random = new Random(seed);
            using var pair = await TcpPair.ConnectAsync();
            await using var server = new LiveServerSocket(pair.Server, new ServerSocketOptions { MaxFrameBytes = 10000, CloseGrace = TimeSpan.FromMilliseconds(20) });
            var run = server.RunAsync(new RecordingHandler(), default);
            var bytes = new byte[random.Next(1, 3000)];
            random.NextBytes(bytes);
            if (random.Next(2) == 0)
            {
                bytes[0] = (byte)(0x80 | random.Next(3));
                bytes[1] |= 0x80;
            }

            await pair.Client.WriteAsync(bytes);
            pair.Client.Dispose();
            Assert.NotNull(await run.Soon());
        }
    }
}
