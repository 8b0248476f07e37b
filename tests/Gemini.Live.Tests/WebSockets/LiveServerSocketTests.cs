using System.Net.WebSockets;
using System.Text;
using Gemini.Live.Tests.Support;
using Gemini.Live.WebSockets;

namespace Gemini.Live.Tests.WebSockets;

/// <summary>Against .NET's own client end and hand-written frames, over real TCP.</summary>
public sealed class LiveServerSocketTests
{
    [Fact]
    public void AcceptKey_OfTheRfcExample_IsTheRfcAnswer() =>
        Assert.Equal("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", LiveServerSocket.AcceptKey("dGhlIHNhbXBsZSBub25jZQ=="));

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Messages_InRandomPiecesAndFragments_ArriveWholeAndInOrder(int seed)
    {
        var random = new Random(seed);
        using var pair = await TcpPair.ConnectAsync();
        var handler = new RecordingHandler();
        await using var server = new LiveServerSocket(new RaggedStream(pair.Server, new Random(seed + 100), 3000), new ServerSocketOptions());
        var run = server.RunAsync(handler, default);
        using var client = WebSocket.CreateFromStream(pair.Client, isServer: false, null, Timeout.InfiniteTimeSpan);
        int[] sizes = [0, 1, 125, 126, 127, 4095, 8192, 65535, 65536, 70000, 1 << 20, 4 << 20];
        var sent = new List<Received>();
        for (var i = 0; i < 60; i++)
        {
            var size = i < sizes.Length ? sizes[i] : random.Next(0, random.Next(2) == 0 ? 300 : 30000);
            var message = new Received(new byte[size], random.Next(2) == 0);
            for (var at = 0; at < size; at++)
            {
                message.Payload[at] = (byte)(message.Binary ? random.Next(256) : random.Next(128)); // .NET's end insists on UTF-8
            }

            sent.Add(message);
        }

        var echo = Task.Run(async () =>
        {
            foreach (var _ in sent)
            {
                var frame = await handler.Frames.ReadAsync();
                await Waiting.UntilAsync(() => server.TrySend(frame.Payload, frame.Binary), $"room for the echo (seed {seed})");
            }
        });
        var send = Task.Run(async () =>
        {
            foreach (var message in sent)
            {
                await SendInFragmentsAsync(client, message, random);
            }
        });
        foreach (var message in sent)
        {
            var echoed = await ReceiveAsync(client).Soon();
            Assert.Equal(message.Binary, echoed.Binary);
            Assert.True(message.Payload.AsSpan().SequenceEqual(echoed.Payload), $"seed {seed}, size {message.Payload.Length}");
        }

        await Task.WhenAll(echo, send).Soon();
        await client.CloseAsync(WebSocketCloseStatus.NormalClosure, "bye", default).Soon();
        Assert.Equal(new SocketEnd(SocketEndKind.PeerClosed, 1000, "bye", Clean: true), await run.Soon());
    }

    [Fact]
    public async Task Send_FromManyThreads_KeepsEachThreadsOrderAndLosesNothing()
    {
        using var pair = await TcpPair.ConnectAsync();
        await using var server = new LiveServerSocket(pair.Server, new ServerSocketOptions());
        _ = server.RunAsync(new RecordingHandler(), default);
        using var client = WebSocket.CreateFromStream(pair.Client, isServer: false, null, Timeout.InfiniteTimeSpan);
        const int Threads = 4;
        const int Each = 3000;
        var senders = Enumerable.Range(0, Threads).Select(thread => Task.Run(() =>
        {
            for (var i = 0; i < Each; i++)
            {
                Assert.True(server.TrySend(Encoding.ASCII.GetBytes($"{thread}:{i}:{new string('x', i % 700)}"), binary: true));
            }
        })).ToArray();
        var next = new int[Threads];
        for (var i = 0; i < Threads * Each; i++)
        {
            var parts = Encoding.ASCII.GetString((await ReceiveAsync(client).Soon()).Payload).Split(':');
            Assert.Equal(next[int.Parse(parts[0])]++, int.Parse(parts[1]));
            Assert.Equal(int.Parse(parts[1]) % 700, parts[2].Length);
        }

        await Task.WhenAll(senders).Soon();
        await Waiting.UntilAsync(() => server.QueuedBytes == 0, "the queue is empty again");
        Assert.Null(server.StalledSinceTimestamp);
    }

    [Fact]
    public async Task Send_ToAPeerThatDoesNotRead_IsRefusedAtTheBoundAndRecovers()
    {
        using var pair = await TcpPair.ConnectAsync();
        await using var server = new LiveServerSocket(pair.Server, new ServerSocketOptions { MaxQueuedBytes = 1 << 20 });
        var run = server.RunAsync(new RecordingHandler(), default);
        var payload = new byte[1000];
        var accepted = 0;
        while (server.TrySend(payload, binary: true))
        {
            Assert.InRange(server.QueuedBytes, 0, 1 << 20);
            Assert.True(++accepted < 1_000_000, "the bound was never reached");
        }

        Assert.InRange(server.QueuedBytes, (1 << 20) - 1004, 1 << 20);
        Assert.NotNull(server.StalledSinceTimestamp);
        Assert.False(server.TryPing([1]) && server.TryPing(new byte[125]) && server.TryPing(new byte[125]) &&
            Enumerable.Range(0, 10).All(_ => server.TryPing(new byte[125])));

        using var client = WebSocket.CreateFromStream(pair.Client, isServer: false, null, Timeout.InfiniteTimeSpan);
        for (var i = 0; i < accepted; i++)
        {
            Assert.Equal(1000, (await ReceiveAsync(client).Soon()).Payload.Length);
        }

        await Waiting.UntilAsync(() => server.QueuedBytes == 0, "the queue is empty again");
        Assert.Null(server.StalledSinceTimestamp);
        Assert.True(server.TrySend(payload, binary: true));
        Assert.False(run.IsCompleted);
    }

    [Fact]
    public async Task Pong_OfAPing_ComesBackWithItsPayloadBehindWhatWasSentBefore()
    {
        using var pair = await TcpPair.ConnectAsync();
        var handler = new RecordingHandler();
        await using var server = new LiveServerSocket(pair.Server, new ServerSocketOptions());
        _ = server.RunAsync(handler, default);
        using var client = WebSocket.CreateFromStream(pair.Client, isServer: false, null, Timeout.InfiniteTimeSpan);
        for (byte i = 0; i < 10; i++)
        {
            Assert.True(server.TrySend([i], binary: true));
            Assert.True(server.TryPing([42, i]));
        }

        for (byte i = 0; i < 10; i++)
        {
            Assert.False(handler.Pongs.TryPeek(out _) && i == 0, "a pong before anything was read");
            Assert.Equal([i], (await ReceiveAsync(client).Soon()).Payload);
        }

        Assert.True(server.TrySend([99], binary: true));
        await ReceiveAsync(client).Soon(); // .NET's end answers pings while it receives
        for (byte i = 0; i < 10; i++)
        {
            Assert.Equal([42, i], await handler.Pongs.ReadAsync().AsTask().Soon());
        }
    }

    [Fact]
    public async Task Ping_WithAutoPong_IsAnsweredAndInsideAFragmentedMessageToo()
    {
        using var pair = await TcpPair.ConnectAsync();
        var handler = new RecordingHandler();
        await using var server = new LiveServerSocket(pair.Server, new ServerSocketOptions());
        _ = server.RunAsync(handler, default);
        await pair.Client.WriteAsync(RawFrames.Frame(1, "ab"u8, final: false));
        await pair.Client.WriteAsync(RawFrames.Frame(9, "ping"u8));
        var pong = await RawFrames.ReadAsync(pair.Client).Soon();
        await pair.Client.WriteAsync(RawFrames.Frame(0, "cd"u8));
        Assert.Equal(10, pong.Opcode);
        Assert.Equal("ping"u8.ToArray(), pong.Payload);
        var message = await handler.Frames.ReadAsync().AsTask().Soon();
        Assert.Equal(("abcd", false), (Encoding.ASCII.GetString(message.Payload), message.Binary));
    }

    [Fact]
    public async Task Ping_WithoutAutoPong_IsTheHandlersAndTheLatePongIsSent()
    {
        using var pair = await TcpPair.ConnectAsync();
        var handler = new RecordingHandler();
        await using var server = new LiveServerSocket(pair.Server, new ServerSocketOptions { AutoPong = false });
        _ = server.RunAsync(handler, default);
        await pair.Client.WriteAsync(RawFrames.Frame(9, "slow"u8));
        Assert.Equal("slow"u8.ToArray(), await handler.Pings.ReadAsync().AsTask().Soon());
        server.TrySend("first"u8, binary: true);
        server.TryPong("slow"u8);
        Assert.Equal(2, (await RawFrames.ReadAsync(pair.Client).Soon()).Opcode);
        Assert.Equal(10, (await RawFrames.ReadAsync(pair.Client).Soon()).Opcode);
    }

    [Fact]
    public async Task Reading_WhileAFrameIsHeld_Pauses()
    {
        using var pair = await TcpPair.ConnectAsync();
        var release = new TaskCompletionSource();
        var entered = new TaskCompletionSource();
        var handler = new RecordingHandler
        {
            Hold = frame =>
            {
                entered.TrySetResult();
                return release.Task;
            },
        };
        await using var server = new LiveServerSocket(pair.Server, new ServerSocketOptions());
        _ = server.RunAsync(handler, default);
        await pair.Client.WriteAsync(RawFrames.Frame(2, "one"u8));
        await entered.Task.Soon();
        await pair.Client.WriteAsync(RawFrames.Frame(2, "two"u8));
        Assert.False(handler.Frames.TryPeek(out _));
        release.SetResult();
        Assert.Equal("one"u8.ToArray(), (await handler.Frames.ReadAsync().AsTask().Soon()).Payload);
        Assert.Equal("two"u8.ToArray(), (await handler.Frames.ReadAsync().AsTask().Soon()).Payload);
    }

    internal static async Task<Received> ReceiveAsync(WebSocket client)
    {
        using var message = new MemoryStream();
        var buffer = new byte[32 * 1024];
        while (true)
        {
            var result = await client.ReceiveAsync(buffer.AsMemory(), default);
            Assert.NotEqual(WebSocketMessageType.Close, result.MessageType);
            message.Write(buffer, 0, result.Count);
            if (result.EndOfMessage)
            {
                return new Received(message.ToArray(), result.MessageType == WebSocketMessageType.Binary);
            }
        }
    }

    private static async Task SendInFragmentsAsync(WebSocket client, Received message, Random random)
    {
        var type = message.Binary ? WebSocketMessageType.Binary : WebSocketMessageType.Text;
        var rest = message.Payload.AsMemory();
        var fragments = random.Next(1, 5);
        for (var i = 1; i < fragments; i++)
        {
            var piece = random.Next(0, rest.Length + 1);
            await client.SendAsync(rest[..piece], type, endOfMessage: false, default);
            rest = rest[piece..];
        }

        await client.SendAsync(rest, type, endOfMessage: true, default);
    }
}
