using System.Net.Sockets;
using System.Threading.Channels;
using Gemini.Live.Links;
using Gemini.Live.Tests.Support;
using Gemini.Live.Tests.WebSockets;
using Gemini.Live.WebSockets;

namespace Gemini.Live.Tests.Links;

/// <summary>A running link and the raw server end of it.</summary>
internal sealed class LinkPair : IAsyncDisposable, ILinkReceiver
{
    private readonly Channel<byte[]> _frames = Channel.CreateUnbounded<byte[]>();
    private readonly bool _hold;
    private LiveServerSocket? _server;

    private LinkPair(LiveLink link, NetworkStream stream, Socket socket, string request, bool hold)
    {
        (Link, Stream, Socket, Request, _hold) = (link, stream, socket, request, hold);
        Run = Task.Run(() => link.RunAsync(this));
    }

    public LiveLink Link { get; }

    public NetworkStream Stream { get; }

    public Socket Socket { get; }

    public string Request { get; }

    public Task<LinkLoss> Run { get; }

    public ChannelReader<byte[]> Frames => _frames.Reader;

    public TaskCompletionSource Entered { get; } = new();

    public ManualResetEventSlim Release { get; } = new();

    public static async Task<LinkPair> OpenAsync(LinkOptions? options = null, TimeProvider? clock = null, bool holdFrames = false)
    {
        using var stub = new UpstreamStub();
        var dial = LiveLink.DialAsync(LinkTargets.Developer(stub.BaseUrl, "v1beta", "k"), options ?? new LinkOptions(), clock ?? TimeProvider.System, default);
        var (stream, socket, request) = await stub.UpgradeAsync().Soon();
        var open = Assert.IsType<LinkDial.Open>(await dial.Soon());
        return new LinkPair(open.Link, stream, socket, request, holdFrames);
    }

    /// <summary>Lets our own server end speak for upstream.</summary>
    public (LiveServerSocket Socket, RecordingHandler Handler, Task<SocketEnd> Run) Serve()
    {
        var handler = new RecordingHandler();
        _server = new LiveServerSocket(Stream, new ServerSocketOptions());
        return (_server, handler, _server.RunAsync(handler, default));
    }

    public void OnFrame(ReadOnlyMemory<byte> frame)
    {
        if (_hold)
        {
            Entered.TrySetResult();
            Release.Wait(Waiting.Generous);
        }

        _frames.Writer.TryWrite(frame.ToArray());
    }

    public async ValueTask DisposeAsync()
    {
        await Link.DisposeAsync();
        await (_server?.DisposeAsync() ?? ValueTask.CompletedTask);
        await Stream.DisposeAsync();
        Release.Dispose();
    }
}
