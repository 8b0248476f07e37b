using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Text;
using System.Threading.Channels;
using Gemini.Live.WebSockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;
using Orchestrator.Api.Composition;
using Orchestrator.Api.Live;
using Orchestrator.Testing;

namespace Orchestrator.Api.Tests.Live;

/// <summary>Kestrel, one client's connection, and our socket on its transport as the live endpoint has it.</summary>
internal sealed class UpgradedFixture : IAsyncDisposable, IServerSocketHandler
{
    private readonly Channel<byte[]> _frames = Channel.CreateUnbounded<byte[]>();
    private readonly TaskCompletionSource<LiveServerSocket> _socket = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<SocketEnd> _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _served = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CapturedLogs _logs = new();
    private readonly WebApplication _app;
    private Stream _stream = Stream.Null;

    private UpgradedFixture(bool tls)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseKestrelHttpsConfiguration().StayOnReceivingThread();
        builder.WebHost.ConfigureKestrel(server => server.Listen(IPAddress.Loopback, 0, listen =>
        {
            listen.Protocols = HttpProtocols.Http1;
            if (tls)
            {
                listen.UseHttps(SelfSigned.ForLoopback());
            }
        }));
        builder.Logging.ClearProviders().AddProvider(_logs);
        _app = builder.Build();
        _app.MapGet("/", ServeAsync);
    }

    public TcpClient Tcp { get; } = new() { ReceiveBufferSize = 64 * 1024 };

    /// <summary>The client's end, the upgrade read.</summary>
    public Stream Stream => _stream;

    /// <summary>A WebSocket over <see cref="Stream"/>.</summary>
    public WebSocket Client => field ??= WebSocket.CreateFromStream(_stream, new WebSocketCreationOptions());

    public LiveServerSocket Socket => _socket.Task.Result;

    public ChannelReader<byte[]> Frames => _frames.Reader;

    /// <summary>How the server's end ended.</summary>
    public Task<SocketEnd> Ended => Patience.For(_ended.Task, "the end of the socket");

    /// <summary>Completes when the request is over, whatever the server still does with its connection.</summary>
    public Task Served => Patience.For(_served.Task, "the end of the request");

    /// <summary>What a server that met no trouble does not say.</summary>
    public IEnumerable<string> Complaints => _logs.Lines.Where(line =>
        line.StartsWith("Warning", StringComparison.Ordinal) || line.StartsWith("Error", StringComparison.Ordinal) || line.StartsWith("Critical", StringComparison.Ordinal));

    /// <summary>Called with each frame of the client before it goes to <see cref="Frames"/>; true keeps it from there.</summary>
    public Func<ReadOnlyMemory<byte>, bool> OnFrame { get; set; } = _ => false;

    /// <param name="inRequestsPacket">What the client sends with its request.</param>
    public static async Task<UpgradedFixture> StartAsync(bool tls, byte[]? inRequestsPacket = null)
    {
        var fixture = new UpgradedFixture(tls);
        await fixture._app.StartAsync();
        await fixture.ConnectAsync(tls, inRequestsPacket ?? []);
        await Patience.For(fixture._socket.Task, "the upgrade");
        return fixture;
    }

    public Task StopAsync() => _app.StopAsync();

    public async ValueTask<byte[]> NextAsync() => await Patience.For(_frames.Reader.ReadAsync().AsTask(), "a frame");

    public ValueTask OnFrameAsync(ReadOnlyMemory<byte> payload, bool binary)
    {
        if (!OnFrame(payload))
        {
            _frames.Writer.TryWrite(payload.ToArray());
        }

        return ValueTask.CompletedTask;
    }

    public void OnPing(ReadOnlySpan<byte> payload)
    {
    }

    public void OnPong(ReadOnlySpan<byte> payload)
    {
    }

    public async ValueTask DisposeAsync()
    {
        Tcp.Dispose();
        await Patience.For(_app.StopAsync(), "the server's stop");
        await _app.DisposeAsync();
    }

    private async Task ServeAsync(HttpContext context)
    {
        context.Response.Headers.Connection = "Upgrade";
        context.Response.Headers.Upgrade = "websocket";
        var upgraded = await context.Features.Get<IHttpUpgradeFeature>()!.UpgradeAsync();
        try
        {
            await using (upgraded)
            {
                var stream = Assert.IsType<TransportStream>(TransportStream.Of(context.Features, upgraded));
                await using var socket = new LiveServerSocket(stream, new ServerSocketOptions { MaxQueuedBytes = 64 * 1024 * 1024 });
                _socket.SetResult(socket);
                var end = await socket.RunAsync(this, context.RequestAborted);
                if (!end.Clean)
                {
                    context.Abort();
                }

                _ended.SetResult(end);
            }

            _served.SetResult();
        }
        catch (Exception wrong)
        {
            _served.TrySetException(wrong);
            throw;
        }
    }

    private async Task ConnectAsync(bool tls, byte[] more)
    {
        await Tcp.ConnectAsync(IPEndPoint.Parse(new Uri(_app.Urls.First()).Authority));
        _stream = Tcp.GetStream();
        if (tls)
        {
            var encrypted = new SslStream(_stream, leaveInnerStreamOpen: false, static (_, _, _, _) => true);
            await encrypted.AuthenticateAsClientAsync("localhost");
            _stream = encrypted;
        }

        await _stream.WriteAsync((byte[])[.. Encoding.ASCII.GetBytes("GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"), .. more]);
        var answer = new StringBuilder();
        var one = new byte[1];
        while (!answer.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
        {
            await Patience.For(_stream.ReadExactlyAsync(one).AsTask(), "the answer to the upgrade");
            answer.Append((char)one[0]);
        }

        Assert.StartsWith("HTTP/1.1 101 ", answer.ToString(), StringComparison.Ordinal);
    }
}
