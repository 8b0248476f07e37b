using System.Text.Json;
using Orchestrator.EndToEnd.Speech;
using Orchestrator.Testing;
using Xunit;

namespace Orchestrator.EndToEnd.Cluster;

/// <summary>Clients between front-ends: one that dies, two that want the same conversation, one that must not speak at all.</summary>
public sealed class FrontEndTests
{
    [Fact]
    public async Task FrontEnd_KilledInMidSentence_ClientGoesOnAtTheOther_AndALossThereCostsNothing()
    {
        using var folder = new TempDirectory();
        await using var world = await ClusterWorld.StartAsync(silos: 2, frontEnds: 2, World.Says("One answer.", seconds: 0.4));
        var speech = await Recordings.PcmAsync(folder);
        var half = speech.Length / 1280 * 640;
        await using var client = await RawLiveClient.ConnectAsync(world.FrontEnds[0].Url);
        await client.SetUpAsync();
        await client.SpeakAsync(speech);
        await client.TurnCompleteAsync();

        await client.SendAsync("""{"realtimeInput":{"activityStart":{}}}""");
        await SendAsync(client, speech.AsMemory(0, half));
        await HeardAsync(world, speech.Length + half);
        await world.FrontEnds[0].Child.KillAsync();
        await client.EndAsync();

        await using var back = await RawLiveClient.ConnectAsync(world.FrontEnds[1].Url);
        await back.SetUpAsync(handle: client.Handle);
        Assert.Equal(client.ConversationId, back.ConversationId);
        await SendAsync(back, speech.AsMemory(half, 640));
        await world.Simulator.Oracle.FaultAsync(new { action = "close", code = 1011, reason = "Internal error encountered.", phase = "userSpeech" });
        await SendAsync(back, speech.AsMemory(half + 640));
        await back.SendAsync("""{"realtimeInput":{"activityEnd":{}}}""");
        await back.TurnCompleteAsync();

        var summary = await world.FrontEnds[1].Api().GetAsync($"/v1/conversations/{back.ConversationId}");
        Assert.Equal(1, summary.GetProperty("recoveries").GetInt32());
        await world.Simulator.Oracle.SessionThatHeardAsync([.. speech, .. speech]);
    }

    [Fact]
    public async Task TwoClients_WithOneHandle_TheNewestWins_WhereverTheyAttach()
    {
        await using var world = await ClusterWorld.StartAsync(silos: 2, frontEnds: 2);
        await using var first = await RawLiveClient.ConnectAsync(world.FrontEnds[0].Url);
        await first.SetUpAsync();
        await first.HandleAsync();
        await using var second = await RawLiveClient.ConnectAsync(world.FrontEnds[1].Url);
        await second.SetUpAsync(handle: first.Handle);

        var end = await first.EndAsync();
        Assert.Equal((1008, "The conversation was resumed on another connection."), (end.Code, end.Reason));
        Assert.Equal(first.ConversationId, second.ConversationId);
        Assert.False(second.Ended.IsCompleted);
    }

    [Fact]
    public async Task FrontEnd_WithAnotherSecret_IsRefused_AndTheSiloSaysSo()
    {
        var plan = new ClusterPlan { FrontEndArguments = ["--Orchestrator:Router:Patience=00:00:02"] };
        await using var world = await ClusterWorld.StartAsync(plan, silos: 1, frontEnds: 1);
        var stranger = await world.StrangerAsync();
        await using var client = await RawLiveClient.ConnectAsync(stranger.Url);
        await client.SendAsync(RawLiveClient.SetupJson());
        await world.Silos[0].Child.LineAsync(line => line.Contains("badSecret", StringComparison.Ordinal), "a warning about the secret");
        await stranger.Child.LineAsync(line => line.Contains("badSecret", StringComparison.Ordinal), "a warning about the secret");
        Assert.Equal(1011, (await client.EndAsync()).Code);

        await using var welcome = await RawLiveClient.ConnectAsync(world.FrontEnds[0].Url);
        await welcome.SetUpAsync();
    }

    [Fact]
    public async Task Handle_ThatIsForgedOrForeign_ReadsAsAnUnknownSession_AndTheOperatorIsTold()
    {
        var plan = new ClusterPlan { FrontEndArguments = ["--Orchestrator:Tenants:1:Id=globex", "--Orchestrator:Tenants:1:ApiKeys:0=globex-key"] };
        await using var world = await ClusterWorld.StartAsync(plan, silos: 1, frontEnds: 1);
        var frontEnd = world.FrontEnds[0];
        await using var owner = await RawLiveClient.ConnectAsync(frontEnd.Url);
        await owner.SetUpAsync();
        foreach (var (tenant, handle) in new[] { ("acme", "AQEforged"), ("globex", await owner.HandleAsync()) })
        {
            await using var client = await RawLiveClient.ConnectAsync(frontEnd.Url, key: $"{tenant}-key");
            await client.SendAsync(RawLiveClient.SetupJson(handle: handle));
            var end = await client.EndAsync();
            Assert.Equal((1008, "BidiGenerateContent session not found"), (end.Code, end.Reason));
            await frontEnd.Child.LineAsync(line => line.Contains($"A client of {tenant} presented a resumption handle", StringComparison.Ordinal), "a warning about the handle");
        }

        Assert.DoesNotContain("AQEforged", frontEnd.Child.Output, StringComparison.Ordinal);
        Assert.False(owner.Ended.IsCompleted);
    }

    private static async Task SendAsync(RawLiveClient client, ReadOnlyMemory<byte> pcm)
    {
        for (var at = 0; at < pcm.Length; at += 640)
        {
            await client.SendAudioAsync(pcm.Slice(at, Math.Min(640, pcm.Length - at)));
        }
    }

    /// <summary>Waits until the model has so much of the user's voice: then it has left the front-end.</summary>
    private static async Task HeardAsync(ClusterWorld world, int bytes)
    {
        for (var i = 0; i < 200; i++)
        {
            foreach (var session in await world.Simulator.Oracle.SessionsAsync())
            {
                if ((await world.Simulator.Oracle.UserAudioAsync(session)).Length >= bytes)
                {
                    return;
                }
            }

            await Task.Delay(50);
        }

        Assert.Fail("The model never heard the first half.");
    }
}
