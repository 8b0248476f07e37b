using System.Text;
using System.Threading.Channels;
using Gemini.Live.Links;
using Gemini.Live.Tests.Support;
using Gemini.Live.Tests.WebSockets;
using Gemini.Live.WebSockets;

namespace Gemini.Live.Tests.Links;

/// <summary>The connection is taken from the HTTP client behind the head of its answer, wherever that ends.</summary>
public sealed class LinkHandshakeTests
{
    /// <summary>How the answer falls into packets, and where frames begin, is up to the network.</summary>
    [Theory]
    [InlineData(int.MaxValue, "")]
    [InlineData(int.MaxValue, "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n")]
    [InlineData(1, "")]
    [InlineData(7, "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n")]
    public async Task FramesBehindTheAnswer_AreReceived(int piece, string before)
    {
        // The end of a head in a frame means nothing.
        var received = await ReceiveAsync(before + "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {0}\r\n\r\n", piece);
        Assert.Equal(["early \r\n\r\n bird", new string('x', 20_000), "later"], received);
    }

    /// <summary>.NET's client forgives them.</summary>
    [Fact]
    public async Task AnswerWithBareLineFeeds_IsOne()
    {
        var received = await ReceiveAsync("HTTP/1.1 101 Switching Protocols\nUpgrade: websocket\nConnection: Upgrade\nSec-WebSocket-Accept: {0}\n\n", int.MaxValue);
        Assert.Equal(["early \r\n\r\n bird", new string('x', 20_000), "later"], received);
    }

    [Fact]
    public async Task Link_OutlivesTheClientThatDialledIt()
    {
        await using var pair = await LinkPair.OpenAsync();
        for (var i = 0; i < 2; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }

        var server = pair.Serve();
        await pair.Link.SendAsync("up"u8);
        Assert.Equal("up"u8.ToArray(), (await server.Handler.Frames.ReadAsync().AsTask().Soon()).Payload);
        Assert.True(server.Socket.TrySend("down"u8, binary: true));
        Assert.Equal("down"u8.ToArray(), await pair.Frames.ReadAsync().AsTask().Soon());
    }

    /// <param name="answer">With {0} where the accept key goes; two frames follow at once, one when the link is open.</param>
    private static async Task<List<string>> ReceiveAsync(string answer, int piece)
    {
        using var stub = new UpstreamStub();
        var dial = LiveLink.DialAsync(LinkTargets.Developer(stub.BaseUrl, "v1beta", null), new LinkOptions(), TimeProvider.System, default);
        var (stream, _, request) = await stub.AcceptAsync().Soon();
        await using var end = stream;
        byte[] bytes =
        [
            .. Encoding.ASCII.GetBytes(answer.Replace("{0}", LiveServerSocket.AcceptKey(UpstreamStub.KeyOf(request)), StringComparison.Ordinal)),
            .. RawFrames.Frame(1, "early \r\n\r\n bird"u8, masked: false),
            .. RawFrames.Frame(1, Encoding.ASCII.GetBytes(new string('x', 20_000)), masked: false),
        ];
        // In pieces as far as the head goes and a little further.
        for (var at = 0; at < bytes.Length;)
        {
            var count = at > 400 ? bytes.Length - at : Math.Min(piece, bytes.Length - at);
            await stream.WriteAsync(bytes.AsMemory(at, count));
            at += count;
        }

        await using var link = Assert.IsType<LinkDial.Open>(await dial.Soon()).Link;
        var frames = new Kept();
        var run = link.RunAsync(frames);
        var received = new List<string> { await frames.NextAsync(), await frames.NextAsync() };
        await stream.WriteAsync(RawFrames.Frame(1, "later"u8, masked: false));
        received.Add(await frames.NextAsync());
        link.Abort();
        await run.Soon();
        return received;
    }

    private sealed class Kept : ILinkReceiver
    {
        private readonly Channel<string> _frames = Channel.CreateUnbounded<string>();

        public void OnFrame(ReadOnlyMemory<byte> frame) => _frames.Writer.TryWrite(Encoding.ASCII.GetString(frame.Span));

        public Task<string> NextAsync() => _frames.Reader.ReadAsync().AsTask().Soon();
    }
}
