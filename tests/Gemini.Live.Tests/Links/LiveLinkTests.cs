using System.Net;
using System.Net.Sockets;
using System.Text;
using Gemini.Live.Links;
using Gemini.Live.Tests.Support;
using Gemini.Live.Tests.WebSockets;
using Gemini.Live.WebSockets;

namespace Gemini.Live.Tests.Links;

public sealed class LiveLinkTests
{
    [Theory]
    [InlineData("http://127.0.0.1:9100", "v1beta", "ws://127.0.0.1:9100/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent")]
    [InlineData("https://example.com/gw/", "v1alpha", "wss://example.com/gw/ws/google.ai.generativelanguage.v1alpha.GenerativeService.BidiGenerateContent")]
    [InlineData("wss://example.com?x=1", "v1beta", "wss://example.com/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent")]
    public void Developer_KeepsTheBaseAndHidesTheKey(string baseUrl, string version, string expected)
    {
        var target = LinkTargets.Developer(new Uri(baseUrl), version, "secret");
        Assert.Equal(new Uri(expected), target.Uri);
        Assert.Equal([new("x-goog-api-key", "secret")], target.Headers);
        Assert.Empty(LinkTargets.Developer(new Uri(baseUrl), version, null).Headers);
    }

    [Fact]
    public void Developer_OfAnotherScheme_IsRefused() =>
        Assert.Throws<ArgumentException>(() => LinkTargets.Developer(new Uri("ftp://example.com"), "v1beta", null));

    [Theory]
    [InlineData("https://us-central1-aiplatform.googleapis.com", "v1beta1", "wss://us-central1-aiplatform.googleapis.com/ws/google.cloud.aiplatform.v1beta1.LlmBidiService/BidiGenerateContent")]
    [InlineData("http://127.0.0.1:9100/gw/", "v1", "ws://127.0.0.1:9100/gw/ws/google.cloud.aiplatform.v1.LlmBidiService/BidiGenerateContent")]
    public void Vertex_HasItsOwnMethod_AndAsksForTheTokenAtEachDial(string baseUrl, string version, string expected)
    {
        var asked = 0;
        var target = LinkTargets.Vertex(new Uri(baseUrl), version, () => $"t{++asked}");
        Assert.Equal(new Uri(expected), target.Uri);
        Assert.Empty(target.Headers);
        Assert.Equal(0, asked);
        Assert.Equal(new("Authorization", "Bearer t1"), target.Credential!());
        Assert.Equal(new("Authorization", "Bearer t2"), target.Credential());

        var express = LinkTargets.Vertex(new Uri(baseUrl), version, "secret");
        Assert.Equal(new Uri(expected), express.Uri);
        Assert.Equal([new("x-goog-api-key", "secret")], express.Headers);
        Assert.Null(express.Credential);
    }

    [Theory]
    [InlineData("europe-west4", "https://europe-west4-aiplatform.googleapis.com/")]
    [InlineData("global", "https://aiplatform.googleapis.com/")]
    public void VertexBase_HasTheRegionInFront(string location, string expected) =>
        Assert.Equal(new Uri(expected), LinkTargets.VertexBase(location));

    [Theory]
    [InlineData("models/m", "models/m", "projects/p/locations/l/publishers/google/models/m", "publishers/google/models/m")]
    [InlineData("m", "m", "projects/p/locations/l/publishers/google/models/m", "publishers/google/models/m")]
    [InlineData("publishers/google/models/m", "models/m", "projects/p/locations/l/publishers/google/models/m", "publishers/google/models/m")]
    [InlineData("projects/x/locations/y/publishers/google/models/m", "models/m", "projects/p/locations/l/publishers/google/models/m", "publishers/google/models/m")]
    public void ModelNames_KeepTheIdAndTakeTheEndpointsPlace(string client, string developer, string vertex, string express)
    {
        Assert.Equal(developer, ModelNames.Developer(client));
        Assert.Equal(vertex, ModelNames.Vertex(client, "p", "l"));
        Assert.Equal(express, ModelNames.Vertex(client, project: null, location: null));
    }

    [Fact]
    public async Task Dial_ToVertex_CarriesTheTokenOfTheMoment()
    {
        using var stub = new UpstreamStub();
        var token = "old";
        var target = LinkTargets.Vertex(stub.BaseUrl, "v1", () => token);
        foreach (var now in new[] { "first", "second" })
        {
            token = now;
            var dial = LiveLink.DialAsync(target, new LinkOptions(), TimeProvider.System, default);
            var (stream, _, request) = await stub.UpgradeAsync().Soon();
            await using var link = Assert.IsType<LinkDial.Open>(await dial.Soon()).Link;
            await using var end = stream;
            Assert.StartsWith("GET /ws/google.cloud.aiplatform.v1.LlmBidiService/BidiGenerateContent HTTP/1.1", request, StringComparison.Ordinal);
            Assert.Contains($"Authorization: Bearer {now}\r\n", request, StringComparison.OrdinalIgnoreCase);
        }
    }

    [Fact]
    public async Task Dial_WithoutACredential_FailsInItsWords()
    {
        using var stub = new UpstreamStub();
        var target = LinkTargets.Vertex(stub.BaseUrl, "v1", () => throw new FileNotFoundException("No token in /x."));
        var failed = Assert.IsType<LinkDial.Failed>(await LiveLink.DialAsync(target, new LinkOptions(), TimeProvider.System, default).Soon());
        Assert.Equal(new LinkLoss(LinkLossKind.DialFailed, null, "No token in /x."), failed.Loss);
    }

    [Fact]
    public async Task Frames_GoBothWaysWhole_TextOutBinaryOrTextIn()
    {
        await using var pair = await LinkPair.OpenAsync();
        Assert.Contains("x-goog-api-key: k", pair.Request, StringComparison.OrdinalIgnoreCase);
        Assert.StartsWith("GET /ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent HTTP/1.1", pair.Request, StringComparison.Ordinal);
        var server = pair.Serve();
        var big = new byte[700_000];
        new Random(1).NextBytes(big);
        for (var i = 0; i < 50; i++)
        {
            await pair.Link.SendAsync(Encoding.UTF8.GetBytes($"up {i}"));
            Assert.True(server.Socket.TrySend(i == 25 ? big : Encoding.UTF8.GetBytes($"down {i}"), binary: i % 2 == 1));
        }

        for (var i = 0; i < 50; i++)
        {
            var up = await server.Handler.Frames.ReadAsync().AsTask().Soon();
            Assert.Equal(($"up {i}", false), (Encoding.UTF8.GetString(up.Payload), up.Binary));
            var down = await pair.Frames.ReadAsync().AsTask().Soon();
            Assert.Equal(i == 25 ? big : Encoding.UTF8.GetBytes($"down {i}"), down);
        }
    }

    [Fact]
    public async Task FragmentedFrames_AreJoined()
    {
        await using var pair = await LinkPair.OpenAsync();
        await pair.Stream.WriteAsync(RawFrames.Frame(2, new byte[9000], final: false, masked: false));
        await pair.Stream.WriteAsync(RawFrames.Frame(9, "p"u8, masked: false));
        await pair.Stream.WriteAsync(RawFrames.Frame(0, [], final: false, masked: false));
        await pair.Stream.WriteAsync(RawFrames.Frame(0, new byte[5], masked: false));
        await pair.Stream.WriteAsync(RawFrames.Frame(2, [], masked: false));
        Assert.Equal(9005, (await pair.Frames.ReadAsync().AsTask().Soon()).Length);
        Assert.Empty(await pair.Frames.ReadAsync().AsTask().Soon());
    }

    [Theory]
    [InlineData(1011, "Deadline expired before operation could complete.")]
    [InlineData(1008, "BidiGenerateContent session not found")]
    [InlineData(1000, "")]
    public async Task UpstreamsClose_IsItsCodeAndReason(int code, string reason)
    {
        await using var pair = await LinkPair.OpenAsync();
        var server = pair.Serve();
        server.Socket.TrySend("last words"u8, binary: true);
        server.Socket.Close(code, reason);
        Assert.Equal(new LinkLoss(LinkLossKind.CloseFrame, code, reason), await pair.Run.Soon());
        Assert.True(pair.Frames.TryRead(out _)); // everything from one link before its end
        var end = await server.Run.Soon();
        Assert.True(end.Clean, $"{end}"); // we answered
    }

    [Fact]
    public async Task UpstreamsEmptyClose_ReadsAs1000()
    {
        await using var pair = await LinkPair.OpenAsync();
        await pair.Stream.WriteAsync(RawFrames.Frame(8, [], masked: false));
        Assert.Equal(new LinkLoss(LinkLossKind.CloseFrame, 1000, ""), await pair.Run.Soon());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task UpstreamThatVanishes_IsANetworkLoss(bool reset)
    {
        await using var pair = await LinkPair.OpenAsync();
        pair.Socket.LingerState = new LingerOption(reset, 0);
        pair.Socket.Close();
        var loss = await pair.Run.Soon();
        Assert.Equal((LinkLossKind.NetworkLost, (int?)null), (loss.Kind, loss.Code));
        await pair.Link.SendAsync("nobody hears it"u8.ToArray()); // not thrown
    }

    [Fact]
    public async Task CloseFrameThatArrivedBeforeASendFailed_IsStillReported()
    {
        await using var pair = await LinkPair.OpenAsync(clock: new ManualTime(), holdFrames: true);
        await pair.Stream.WriteAsync(RawFrames.Frame(2, "hold"u8, masked: false));
        await pair.Entered.Task.Soon();
        await pair.Stream.WriteAsync(RawFrames.Frame(8, [1011 >> 8, 1011 & 255, (byte)'x'], masked: false));
        pair.Socket.Close();
        for (var i = 0; i < 100; i++)
        {
            await pair.Link.SendAsync(new byte[10_000]); // the peer has gone; the reset makes these fail
        }

        pair.Release.Set();
        Assert.Equal(new LinkLoss(LinkLossKind.CloseFrame, 1011, "x"), await pair.Run.Soon());
    }

    [Fact]
    public async Task OurClose_IsAnsweredAndSaysWithWhat()
    {
        await using var pair = await LinkPair.OpenAsync();
        var server = pair.Serve();
        await pair.Link.CloseAsync(1000, "rotate").Soon();
        Assert.Equal(new LinkLoss(LinkLossKind.ClosedByUs, 1000, "rotate"), await pair.Run.Soon());
        Assert.Equal(new SocketEnd(SocketEndKind.PeerClosed, 1000, "rotate", Clean: true), await server.Run.Soon());
        await pair.Link.SendAsync("too late"u8.ToArray());
    }

    [Fact]
    public async Task OurClose_ThatNobodyAnswers_CutsAfterTheGrace()
    {
        var time = new ManualTime();
        await using var pair = await LinkPair.OpenAsync(clock: time);
        var close = pair.Link.CloseAsync(1000, new string('é', 100));
        Assert.Equal(8, (await RawFrames.ReadMaskedAsync(pair.Stream).Soon()).Opcode);
        time.Advance(TimeSpan.FromMilliseconds(249));
        Assert.False(close.IsCompleted);
        time.Advance(TimeSpan.FromMilliseconds(1));
        await close.Soon();
        Assert.Equal((LinkLossKind.ClosedByUs, (int?)null), ((await pair.Run.Soon()).Kind, (await pair.Run).Code));
    }

    [Fact]
    public async Task Abort_EndsAtOnce()
    {
        await using var pair = await LinkPair.OpenAsync();
        pair.Link.Abort();
        Assert.Equal(LinkLossKind.ClosedByUs, (await pair.Run.Soon()).Kind);
        await pair.Link.CloseAsync(1000, "").Soon();
    }

    [Fact]
    public async Task UpstreamThatDoesNotRead_LeavesTheSendIncompleteUntilItDoes()
    {
        await using var pair = await LinkPair.OpenAsync();
        var payload = new byte[100_000];
        ValueTask send = default;
        var sent = 0;
        while ((send = pair.Link.SendAsync(payload)).IsCompleted)
        {
            Assert.True(++sent < 10_000);
        }

        var server = pair.Serve();
        await send.AsTask().Soon();
        for (var i = 0; i <= sent; i++)
        {
            Assert.Equal(payload.Length, (await server.Handler.Frames.ReadAsync().AsTask().Soon()).Payload.Length);
        }
    }

    /// <summary>The caller keeps nothing for a send that is under way.</summary>
    [Fact]
    public async Task Send_ThatIsNotOver_NoLongerReadsTheCallersBytes()
    {
        await using var pair = await LinkPair.OpenAsync();
        var payload = new byte[100_000];
        ValueTask send;
        byte sent = 0;
        do
        {
            payload.AsSpan().Fill(++sent);
            send = pair.Link.SendAsync(payload);
            payload.AsSpan().Fill(0);
        }
        while (send.IsCompleted);

        var server = pair.Serve();
        await send.AsTask().Soon();
        for (byte i = 1; i <= sent; i++)
        {
            var (frame, expected) = ((await server.Handler.Frames.ReadAsync().AsTask().Soon()).Payload, i);
            Assert.Equal(payload.Length, frame.Length);
            Assert.False(frame.AsSpan().ContainsAnyExcept(expected), $"Frame {i} is not what was sent.");
        }
    }

    [Fact]
    public async Task OversizeFrame_EndsTheLinkWith1009()
    {
        await using var pair = await LinkPair.OpenAsync(new LinkOptions { MaxFrameBytes = 20_000 });
        var server = pair.Serve();
        server.Socket.TrySend(new byte[20_000], binary: true);
        server.Socket.TrySend(new byte[20_001], binary: true);
        Assert.Equal(LinkLossKind.ProtocolViolation, (await pair.Run.Soon()).Kind);
        Assert.Equal(20_000, (await pair.Frames.ReadAsync().AsTask().Soon()).Length);
        Assert.Equal(1009, (await server.Run.Soon()).Code);
    }

    [Fact]
    public async Task UpstreamThatBreaksTheProtocol_IsAViolation()
    {
        await using var pair = await LinkPair.OpenAsync();
        await pair.Stream.WriteAsync(RawFrames.Frame(3, "x"u8, masked: false));
        Assert.Equal(LinkLossKind.ProtocolViolation, (await pair.Run.Soon()).Kind);
    }

    [Theory]
    [InlineData("401 Unauthorized", 401)]
    [InlineData("503 Service Unavailable", 503)]
    public async Task RefusedUpgrade_IsItsStatus(string answer, int status)
    {
        using var stub = new UpstreamStub();
        var dial = LiveLink.DialAsync(LinkTargets.Developer(stub.BaseUrl, "v1beta", "k"), new LinkOptions(), TimeProvider.System, default);
        var (stream, _, _) = await stub.AcceptAsync();
        await stream.WriteAsync(Encoding.ASCII.GetBytes($"HTTP/1.1 {answer}\r\nContent-Length: 0\r\n\r\n"));
        var failed = Assert.IsType<LinkDial.Failed>(await dial.Soon());
        Assert.Equal((LinkLossKind.DialRefused, (int?)status), (failed.Loss.Kind, failed.Loss.HttpStatus));
    }

    [Fact]
    public async Task UpgradeThatIsNeverAnswered_TimesOut()
    {
        using var stub = new UpstreamStub();
        var time = new ManualTime();
        var dial = LiveLink.DialAsync(LinkTargets.Developer(stub.BaseUrl, "v1beta", null), new LinkOptions(), time, default);
        await stub.AcceptAsync();
        Assert.False(dial.IsCompleted);
        time.Advance(TimeSpan.FromSeconds(10));
        var failed = Assert.IsType<LinkDial.Failed>(await dial.Soon());
        Assert.Equal(new LinkLoss(LinkLossKind.DialFailed, null, "No answer within 10 s."), failed.Loss);
    }

    [Fact]
    public async Task NobodyListening_IsAFailedDial()
    {
        using var unused = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        unused.Bind(new IPEndPoint(IPAddress.Loopback, 0)); // bound, not listening
        var target = LinkTargets.Developer(new Uri($"http://127.0.0.1:{((IPEndPoint)unused.LocalEndPoint!).Port}"), "v1beta", null);
        Assert.Equal(LinkLossKind.DialFailed, Assert.IsType<LinkDial.Failed>(await LiveLink.DialAsync(target, new LinkOptions(), TimeProvider.System, default).Soon()).Loss.Kind);
    }

    [Fact]
    public async Task CancelledDial_IsCancelled()
    {
        using var stub = new UpstreamStub();
        using var cancel = new CancellationTokenSource();
        var dial = LiveLink.DialAsync(LinkTargets.Developer(stub.BaseUrl, "v1beta", null), new LinkOptions(), TimeProvider.System, cancel.Token);
        await stub.AcceptAsync();
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => dial.Soon());
    }
}
