using Orchestrator.EndToEnd.Speech;
using Orchestrator.Testing;
using Xunit;

namespace Orchestrator.EndToEnd;

/// <summary>A client that sends and never reads: it must cost a bounded amount of memory and time.</summary>
public sealed class StoppedReaderTests
{
    [Fact]
    public async Task Client_ThatStopsReading_IsClosedAndCanComeBack()
    {
        using var folder = new TempDirectory();
        // Ten minutes of reply in a few seconds: far more than the sockets' buffers hold.
        await using var world = await World.StartAsync(
            new OrchestratorOptions { Arguments = ["--Orchestrator:Live:UnreadTimeout=00:00:05"] }, [.. World.Says("A reply that never seems to end.", seconds: 600), ("Pace", "100")]);
        await using var good = await RawLiveClient.ConnectAsync(world.Orchestrator.Url);
        await good.SetUpAsync();

        await using (var deaf = await RawLiveClient.ConnectAsync(world.Orchestrator.Url, reading: false))
        {
            await deaf.SendAsync(RawLiveClient.SetupJson());
            await deaf.SpeakAsync(await Recordings.PcmAsync(folder));
            var conversation = deaf.ConversationHeader!;
            Assert.Equal(32, conversation.Length);
            await Patience.Until(
                async () => (await world.Orchestrator.Api().EventsAsync(conversation)).Contains("clientDetached", StringComparison.Ordinal),
                "the deaf client to be detached",
                TimeSpan.FromSeconds(90));

            var summary = await world.Orchestrator.Api().GetAsync($"/v1/conversations/{conversation}");
            Assert.NotEqual("ended", summary.GetProperty("state").GetString());
        }

        await good.SpeakAsync(await Recordings.PcmAsync(folder, 1));
        await good.NextAsync(RawLiveClient.HasAudio, "audio for the good client");
        var resident = ResidentMegabytes(world.Orchestrator.Child.Id);
        Assert.True(resident < 400, $"The process holds {resident} MB.");
    }

    private static long ResidentMegabytes(int pid) =>
        long.Parse(File.ReadLines($"/proc/{pid}/status").First(l => l.StartsWith("VmRSS", StringComparison.Ordinal)).Split((char[])[' ', '\t'], StringSplitOptions.RemoveEmptyEntries)[1]) / 1024;
}
