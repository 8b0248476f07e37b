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

    [Fact]
    public async Task Postgres_RestartedAndCrashedUnderLoad_ClosesNobody_AndForgetsNothing()
    {
        const int Talkers = 20;
        const int Turns = 4;
        using var folder = new TempDirectory();
        await using var world = await ClusterWorld.StartAsync(silos: 2, frontEnds: 2, World.Says("One answer.", seconds: 0.3));
        List<Talker> talkers = [];
        for (var i = 0; i < Talkers; i++)
        {
            talkers.Add(await Talker.ConnectAsync(world.FrontEnds[i % 2].Url, i));
        }

        // Google's own client is among them.
        var unmodified = TalkSample.RunAsync(world.FrontEnds[0].Url, "acme-key", await Recordings.InManyFormatsAsync(folder), "--activity", "manual", "--turns", $"{Turns}", "--gap", "600");
        using var stop = new CancellationTokenSource();
        var talking = Task.WhenAll(talkers.Select(talker => TalkAsync(talker, stop.Token)));
        foreach (var end in (Func<Task>[])[world.Postgres.StopAsync, world.Postgres.CrashAsync])
        {
            await TurnsAsync(talkers, more: Talkers);
            await end();
            await Task.Delay(TimeSpan.FromSeconds(1.5));
            await world.Postgres.StartAsync();
        }

        await TurnsAsync(talkers, more: Talkers);
        var talk = await unmodified;
        await stop.CancelAsync();
        await talking;
        Assert.True(talk.ExitCode == 0, talk.Output);
        Assert.Equal((Turns, 1), (talk.Turns.Count, talk.Sockets));
        Assert.Equal(Turns, (await world.FrontEnds[1].Api().TurnsAsync(talk.ConversationId!)).Count);
        await world.Simulator.Oracle.SessionThatHeardAsync(talk.Sent);
        Assert.All(talkers, talker => Assert.False(talker.Client.Ended.IsCompleted));
        await EverythingOnce.CheckAsync(world, talkers);
        foreach (var talker in talkers)
        {
            await talker.DisposeAsync();
        }
    }

    private static async Task TalkAsync(Talker talker, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            await talker.TurnAsync(words: 1);
        }
    }

    /// <summary>Waits until so many more turns were answered.</summary>
    private static Task TurnsAsync(IReadOnlyList<Talker> talkers, int more)
    {
        var wanted = talkers.Sum(talker => talker.Completed) + more;
        return Patience.Until(() => Task.FromResult(talkers.Sum(talker => talker.Completed) >= wanted), $"{more} more answers");
    }
}
