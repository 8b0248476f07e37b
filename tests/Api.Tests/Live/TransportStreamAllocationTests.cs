using Orchestrator.Api.Tests.Cluster;

namespace Orchestrator.Api.Tests.Live;

/// <summary>Counts what the whole process allocates for a frame through Kestrel and back.</summary>
[Collection(nameof(Alone))]
public sealed class TransportStreamAllocationTests
{
    // A debug build makes a class of every async method's state: three, 392 bytes.
#if DEBUG
    private const double MostPerFrame = 450;
#else
    private const double MostPerFrame = 16;
#endif

    [Fact]
    public async Task SteadyAudio_BothWays_AllocatesNothingPerFrame()
    {
        await using var fixture = await UpgradedFixture.StartAsync(tls: false);
        fixture.OnFrame = frame => fixture.Socket.TrySend(frame.Span, binary: true);
        byte[] frame = [0x81, 0x80 | 126, 900 >> 8, 900 & 255, 0, 0, 0, 0, .. new byte[900]];
        await Rounds(2000);
        var before = GC.GetTotalAllocatedBytes(precise: true);
        await Rounds(5000);
        var perFrame = (GC.GetTotalAllocatedBytes(precise: true) - before) / 5000.0;
        Assert.True(perFrame < MostPerFrame, $"{perFrame} bytes per frame");

        async Task Rounds(int rounds)
        {
            var answer = new byte[904];
            for (var i = 0; i < rounds; i++)
            {
                await fixture.Stream.WriteAsync(frame);
                for (var received = 0; received < answer.Length;)
                {
                    received += await fixture.Stream.ReadAsync(answer.AsMemory(received));
                }
            }
        }
    }
}
