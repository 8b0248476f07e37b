using Orchestrator.Api.Tests.Live;
using Orchestrator.Testing;

namespace Orchestrator.Api.Tests.Telemetry;

/// <summary>Clients that are not let in are numbers that an operator can see.</summary>
public sealed class RefusedClientsTests
{
    [Fact]
    public async Task ForgedHandles_AndClientsThatTakeAConversationFromEachOther_AreCounted()
    {
        await using var receiver = await OtlpReceiver.StartAsync();
        await using (var fixture = await LiveFixture.StartAsync($"--Orchestrator:Telemetry:OtlpEndpoint={receiver.Url}", "--Orchestrator:Conversations:MaxDisplacements=1"))
        {
            await using var forger = await RawLiveClient.ConnectAsync(fixture.Url);
            await forger.SendAsync(RawLiveClient.SetupJson(handle: "AQEforged"));
            Assert.Equal(1008, (await forger.EndAsync()).Code);

            await using var first = await RawLiveClient.ConnectAsync(fixture.Url);
            await first.SetUpAsync();
            var handle = await first.HandleAsync();
            LiveEnd? refused = null;
            var current = first;
            for (var tries = 0; refused is null && tries < 5; tries++)
            {
                var next = await RawLiveClient.ConnectAsync(fixture.Url);
                await next.SendAsync(RawLiveClient.SetupJson(handle: handle));
                var ended = await Task.WhenAny(current.Ended, next.Ended);
                refused = ended == next.Ended ? await next.Ended : null;
                await (refused is null ? current : next).DisposeAsync();
                current = refused is null ? next : current;
            }

            Assert.Equal(1013, refused?.Code);
            Assert.False(current.Ended.IsCompleted);
            await current.DisposeAsync();
        }

        string[] counted = ["orchestrator.edge.handles.refused", "clientDisplaced", "newcomerRefused"];
        var metrics = receiver.Received("metrics");
        Assert.All(counted, word => Assert.Contains(word, metrics, StringComparison.Ordinal));
        Assert.DoesNotContain("AQEforged", metrics, StringComparison.Ordinal);
    }
}
