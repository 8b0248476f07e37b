using System.Net.Sockets;
using Gemini.Live.Tests.Support;
using Gemini.Live.WebSockets;

namespace Gemini.Live.Tests.WebSockets;

/// <summary>Counts the allocations of the whole process, so nothing else may run meanwhile.</summary>
[Collection(nameof(Alone))]
public sealed class LiveServerSocketAllocationTests
{
    // A debug build makes a class of every async method's state: two awaits, 176 bytes.
#if DEBUG
    private const double MostPerFrame = 190;
#else
    private const double MostPerFrame = 16;
#endif

    [Fact]
    public async Task SteadyAudio_BothWays_AllocatesNothingPerFrame()
    {
        using var pair = await TcpPair.ConnectAsync();
        var echo = new EchoHandler();
        await using var server = new LiveServerSocket(pair.Server, new ServerSocketOptions());
        echo.Socket = server;
        _ = Task.Run(() => server.RunAsync(echo, default)); // outside the context that the test runner installs
        var frame = RawFrames.Frame(1, new byte[900]);
        Rounds(pair.ClientSocket, frame, 2000);
        var before = GC.GetTotalAllocatedBytes(precise: true);
        Rounds(pair.ClientSocket, frame, 5000);
        var perFrame = (GC.GetTotalAllocatedBytes(precise: true) - before) / 5000.0;
        Assert.True(perFrame < MostPerFrame, $"{perFrame} bytes per frame");
    }

    /// <summary>Blocking, because awaits of the test's own would be counted too.</summary>
    private static void Rounds(Socket client, byte[] frame, int rounds)
    {
        var answer = new byte[904];
        for (var i = 0; i < rounds; i++)
        {
            client.Send(frame);
            for (var received = 0; received < answer.Length;)
            {
                received += client.Receive(answer, received, answer.Length - received, SocketFlags.None);
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
