using Orchestrator.EndToEnd.Speech;
using Orchestrator.Testing;
using Xunit;

namespace Orchestrator.EndToEnd.Cluster;

/// <summary>Silos are killed, frozen and emptied under unmodified clients, which must not notice more than a reply that begins again.</summary>
public sealed class SiloEndTests(ITestOutputHelper output)
{
    private const int Clients = 3;
    private const int Turns = 4;

    private static readonly int Seed = int.TryParse(Environment.GetEnvironmentVariable("ORCHESTRATOR_E2E_SEED"), out var seed) ? seed : Environment.TickCount;

    [Fact]
    public Task Silos_KilledOneAfterTheOther_CostNoClientItsSocketOrATurn() => EndEachAsync(silo => silo.Child.KillAsync());

    [Fact]
    public Task Silos_EmptiedOneAfterTheOther_CostNoClientItsSocketOrATurn() => EndEachAsync(async silo =>
    {
        silo.Child.Send(Signal.Terminate);
        Assert.Equal(0, await silo.Child.ExitAsync());
    });

    [Fact]
    public Task Silos_FrozenOneAfterTheOther_AreReplacedAndDoNotDisturbWhenTheyWake() => EndEachAsync(async silo =>
    {
        silo.Child.Send(Signal.Stop);
        await Task.Delay(TimeSpan.FromSeconds(4));
        silo.Child.Send(Signal.Continue);
    }, restart: false);

    private async Task EndEachAsync(Func<SiloProcess, Task> end, bool restart = true)
    {
        output.WriteLine($"ORCHESTRATOR_E2E_SEED={Seed}");
        var random = new Random(Seed);
        using var folder = new TempDirectory();
        await using var world = await ClusterWorld.StartAsync(silos: 2, frontEnds: 2, World.Says("One answer, heard to its end.", seconds: 1.2, delayMs: 500));
        var recordings = await Recordings.InManyFormatsAsync(folder);
        var talks = Enumerable.Range(0, Clients)
            .Select(i => TalkSample.RunAsync(world.FrontEnds[i % 2].Url, "acme-key", recordings, "--activity", "manual", "--turns", $"{Turns}", "--gap", "600"))
            .ToList();

        await Task.Delay(random.Next(3_000, 5_000));
        foreach (var silo in world.Silos)
        {
            await end(silo);
            if (restart)
            {
                await silo.RestartAsync();
            }

            await Task.Delay(random.Next(500, 1_500));
        }

        foreach (var talk in await Task.WhenAll(talks))
        {
            Assert.True(talk.ExitCode == 0, talk.Output);
            Assert.Equal((Turns, 1), (talk.Turns.Count, talk.Sockets));
            var turns = await world.FrontEnds[0].Api().TurnsAsync(talk.ConversationId!);
            Assert.Equal(Turns, turns.Count(t => t.GetProperty("ending").GetString()!.Equals("completed", StringComparison.OrdinalIgnoreCase)));
            var summary = await world.FrontEnds[1].Api().GetAsync($"/v1/conversations/{talk.ConversationId}");
            output.WriteLine($"{talk.ConversationId}: {summary.GetProperty("links").GetInt32()} links, {summary.GetProperty("recoveries").GetInt32()} recoveries");
            Assert.True(summary.GetProperty("links").GetInt32() > 1, "Its silo was never ended.");
        }
    }
}
