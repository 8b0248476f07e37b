using System.Net.WebSockets;
using Orchestrator.EndToEnd.Speech;
using Orchestrator.Testing;
using Xunit;

namespace Orchestrator.EndToEnd;

/// <summary>A conversation outlives its sockets and its process: who returns with a handle goes on where it was.</summary>
public sealed class ReturningClientTests : IAsyncLifetime
{
    private readonly TempDirectory folder = new();
    private World? world;
    private byte[] first = [];
    private byte[] second = [];

    private World World => world!;

    public async ValueTask InitializeAsync()
    {
        world = await World.StartAsync(null, World.Says("Understood.", seconds: 0.5));
        first = await Recordings.PcmAsync(folder, 0);
        second = await Recordings.PcmAsync(folder, 3);
    }

    public async ValueTask DisposeAsync()
    {
        if (world is not null)
        {
            await world.DisposeAsync();
        }
        folder.Dispose();
    }

    public enum Absence
    {
        HungUp,
        Vanished,
        ServerKilled,
        ServerStopped,
    }

    [Theory]
    [InlineData(Absence.HungUp)]
    [InlineData(Absence.Vanished)]
    [InlineData(Absence.ServerKilled)]
    [InlineData(Absence.ServerStopped)]
    public async Task Client_BackBetweenTwoTurns_IsInTheSameConversationWithTheSameModelContext(Absence absence)
    {
        await using var before = await RawLiveClient.ConnectAsync(World.Orchestrator.Url);
        await before.SetUpAsync();
        var handle = await TurnAndHandleAsync(before, first);
        switch (absence)
        {
            case Absence.HungUp:
                Assert.Equal(1000, (await before.CloseAsync(WebSocketCloseStatus.NormalClosure)).Code);
                break;
            case Absence.Vanished:
                before.Abort();
                break;
            case Absence.ServerKilled:
                // Upstream's handle for the turn comes a moment after turnComplete; who dies in between could only be helped by
                // seeding, which the recovery issue builds.
                await Patience.Until(
                    async () => (await World.Orchestrator.Api().GetAsync($"/v1/conversations/{before.ConversationId}/events")).GetProperty("events").EnumerateArray()
                        .Select(e => e.GetProperty("fact"))
                        .Any(f => f.GetProperty("type").GetString() is "checkpointTaken" && f.GetProperty("position").GetInt64() > 0),
                    "the checkpoint of the first turn");
                await World.Orchestrator.KillAsync();
                await World.Orchestrator.RestartAsync();
                break;
            default:
                Assert.Equal(0, await World.Orchestrator.StopAsync());
                Assert.NotNull((await before.EndAsync()).Code);
                await World.Orchestrator.RestartAsync();
                break;
        }

        await using var after = await RawLiveClient.ConnectAsync(World.Orchestrator.Url);
        await after.SetUpAsync(handle: handle);
        Assert.Equal(before.ConversationId, after.ConversationId);
        await after.SpeakAsync(second);
        await after.TurnCompleteAsync();

        await World.Simulator.Oracle.SessionThatHeardAsync([.. first, .. second]);
        // Who vanished before it could confirm the end of the first turn hears that once more, and not yet the second's.
        await Patience.Until(async () => (await World.Orchestrator.Api().TurnsAsync(after.ConversationId)).Count > 1, "the second turn");
        var turns = await World.Orchestrator.Api().TurnsAsync(after.ConversationId);
        Assert.Equal([1, 2], turns.Select(t => t.GetProperty("turn").GetInt32()));
        Assert.All(turns, t => Assert.Equal("Understood.", t.GetProperty("model").GetProperty("text").GetString()!.Trim()));
    }

    [Fact]
    public async Task Client_LostWhileItSpeaks_GoesOnWithoutSayingThatItSpeaksAgain()
    {
        await using var network = new TcpProxy(World.Orchestrator.Port);
        await using var before = await RawLiveClient.ConnectAsync($"http://127.0.0.1:{network.Port}");
        await before.SetUpAsync();
        await before.NextAsync(m => m.TryGetProperty("sessionResumptionUpdate", out _), "a handle");
        await before.SendAsync("""{"realtimeInput":{"activityStart":{}}}""");
        await before.SendAudioAsync(first);
        await Patience.Until(
            async () => (await World.Simulator.Oracle.SessionsAsync()) is [var only] && (await World.Simulator.Oracle.UserAudioAsync(only)).Length == first.Length,
            "the first half of the speech to arrive");
        network.Reset();

        // Neither the JavaScript nor the Python client repeats activityStart after a reconnect.
        await using var after = await RawLiveClient.ConnectAsync(World.Orchestrator.Url);
        await after.SetUpAsync(handle: before.Handle);
        await after.SendAudioAsync(second);
        await after.SendAsync("""{"realtimeInput":{"activityEnd":{}}}""");
        await after.TurnCompleteAsync();

        await World.Simulator.Oracle.SessionThatHeardAsync([.. first, .. second]);
        Assert.Single(await World.Orchestrator.Api().TurnsAsync(after.ConversationId));
    }

    [Fact]
    public async Task Process_FrozenForAWhileUnderAnUnmodifiedClient_LosesNothing()
    {
        var talk = TalkSample.RunAsync(World.Orchestrator.Url, "acme-key", [Recordings.Utterances[0], Recordings.Utterances[1], Recordings.Utterances[2]]);
        await World.Orchestrator.Child.LineAsync(l => l.Contains("opened", StringComparison.Ordinal), "the line of an opened conversation");
        for (var i = 0; i < 3; i++)
        {
            World.Orchestrator.Child.Send(Signal.Stop);
            await Task.Delay(1000);
            World.Orchestrator.Child.Send(Signal.Continue);
            await Task.Delay(500);
        }
        var result = await talk;

        Assert.True(result.ExitCode == 0, result.Output);
        Assert.Equal(1, result.Sockets);
        await World.Simulator.Oracle.SessionThatHeardAsync(result.Sent);
    }

    private static async Task<string> TurnAndHandleAsync(RawLiveClient client, byte[] speech)
    {
        await client.SpeakAsync(speech);
        await client.TurnCompleteAsync();
        await client.NextAsync(m => m.TryGetProperty("sessionResumptionUpdate", out _), "the handle after the turn");
        return client.Handle!;
    }
}
