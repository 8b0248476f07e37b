using Orchestrator.EndToEnd.Speech;
using Orchestrator.Testing;
using Xunit;

namespace Orchestrator.EndToEnd.Cluster;

/// <summary>The database goes away under live conversations. What was announced is kept, and turns go on when it is back.</summary>
public sealed class DatabaseTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Postgres_RestartedOrCrashed_HoldsTurnsUp_AndLosesNone(bool crash)
    {
        using var folder = new TempDirectory();
        await using var world = await ClusterWorld.StartAsync(silos: 1, frontEnds: 1, World.Says("One answer.", seconds: 0.3));
        var speech = await Recordings.PcmAsync(folder);
        await using var client = await RawLiveClient.ConnectAsync(world.FrontEnds[0].Url);
        await client.SetUpAsync();
        for (var i = 0; i < 3; i++)
        {
            await client.SpeakAsync(speech);
            await client.TurnCompleteAsync();
        }

        await (crash ? world.Postgres.CrashAsync() : world.Postgres.StopAsync());
        await client.SpeakAsync(speech);
        await client.NextAsync(RawLiveClient.HasAudio, "audio, which needs no database");
        var end = client.TurnCompleteAsync();
        Assert.NotSame(end, await Task.WhenAny(end, Task.Delay(TimeSpan.FromSeconds(1.5))));
        await world.Postgres.StartAsync();
        await end;

        Assert.Equal(4, (await world.FrontEnds[0].Api().TurnsAsync(client.ConversationId)).Count);
        Assert.False(client.Ended.IsCompleted);
    }
}
