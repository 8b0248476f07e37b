using Gemini.Live.Links;
using Gemini.Live.Tests.Support;
using Gemini.Live.Tests.WebSockets;
using Gemini.Live.WebSockets;

namespace Gemini.Live.Tests.Links;

/// <summary>A frame goes up, comes back, and so on: counts what both ends allocate for it.</summary>
[Collection(nameof(Alone))]
public sealed class LiveLinkAllocationTests
{
    // A debug build makes a class of every async method's state.
#if DEBUG
    private const double MostPerFrame = 450;
#else
    private const double MostPerFrame = 16;
#endif

    [Fact]
    public async Task SteadyAudio_OverALink_AllocatesNothingPerFrame()
    {
        using var stub = new UpstreamStub();
        var dial = LiveLink.DialAsync(LinkTargets.Developer(stub.BaseUrl, "v1beta", null), new LinkOptions(), TimeProvider.System, default);
        var (stream, _, _) = await stub.UpgradeAsync().Soon();
        await using var link = Assert.IsType<LinkDial.Open>(await dial.Soon()).Link;
        await using var server = new LiveServerSocket(stream, new ServerSocketOptions());
        _ = Task.Run(() => server.RunAsync(new Echo(server), default)); // outside the context that the test runner installs
        var rally = new Rally(link, warmUp: 3000, counted: 5000);
        _ = Task.Run(() => link.RunAsync(rally));
        await link.SendAsync(new byte[900]);
        var perFrame = await rally.PerFrame.Task.Soon();
        Assert.True(perFrame < MostPerFrame, $"{perFrame} bytes per frame");
    }

    private sealed class Rally(LiveLink link, int warmUp, int counted) : ILinkReceiver
    {
        private readonly byte[] _frame = new byte[900];
        private long _before;
        private int _frames;

        public TaskCompletionSource<double> PerFrame { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public void OnFrame(ReadOnlyMemory<byte> frame)
        {
            _frames++;
            if (_frames == warmUp)
            {
                _before = GC.GetTotalAllocatedBytes(precise: true);
            }

            if (_frames == warmUp + counted)
            {
                PerFrame.SetResult((GC.GetTotalAllocatedBytes(precise: true) - _before) / (double)counted);
                return;
            }

            // Incomplete only when the answer overtook the return of the very first send.
            var send = link.SendAsync(_frame);
            _ = send.IsCompletedSuccessfully ? Task.CompletedTask : send.AsTask();
        }
    }

    private sealed class Echo(LiveServerSocket socket) : IServerSocketHandler
    {
        public ValueTask OnFrameAsync(ReadOnlyMemory<byte> payload, bool binary)
        {
            socket.TrySend(payload.Span, binary: true);
            return ValueTask.CompletedTask;
        }

        public void OnPing(ReadOnlySpan<byte> payload)
        {
        }

        public void OnPong(ReadOnlySpan<byte> payload)
        {
        }
    }
}
