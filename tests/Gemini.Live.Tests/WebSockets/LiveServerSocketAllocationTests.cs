using Gemini.Live.Tests.Support;
using Gemini.Live.WebSockets;

namespace Gemini.Live.Tests.WebSockets;

/// <summary>Counts the allocations of the whole process, so nothing else may run meanwhile.</summary>
[Collection(nameof(Alone))]
public sealed class LiveServerSocketAllocationTests
{
    [Fact]
    public async Task SteadyAudio_BothWays_AllocatesNothingPerFrame()
    {
        using var pair = await TcpPair.ConnectAsync();
        var echo = new EchoHandler();
        await using var server = new LiveServerSocket(pair.Server, new ServerSocketOptions());
        echo.Socket = server;
        _ = server.RunAsync(echo, default);
        var frame = RawFrames.Frame(1, new byte[900]);
        var answer = new byte[904];
        await RoundsAsync(500);
        var before = GC.GetTotalAllocatedBytes(precise: true);
        await RoundsAsync(2000);
        var perFrame = (GC.GetTotalAllocatedBytes(precise: true) - before) / 2000.0;

        // The test's own awaits and the rest of the process allocate too; a buffer or a task per frame would show as more.
        Assert.True(perFrame < 400, $"{perFrame} bytes per frame");

        async Task RoundsAsync(int rounds)
        {
            for (var i = 0; i < rounds; i++)
            {
                await pair.Client.WriteAsync(frame);
                await pair.Client.ReadExactlyAsync(answer);
            }
        }
    }

    private sealed class EchoHandler : IServerSocketHandler
    {
        public LiveServerSocket? Socket { get; set; }

        public ValueTask OnFrameAsync(ReadOnlyMemory<byte> payload, bool binary)
        {
            Socket!.TrySend(payload.Span, binary);
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

[CollectionDefinition(nameof(Alone), DisableParallelization = true)]
public sealed class Alone;
