using System.Net;
using Orchestrator.Testing;
using Xunit;

namespace Orchestrator.EndToEnd.Cluster;

/// <summary>The network between a silo and PostgreSQL. Who is attached is served on, and nothing is committed.</summary>
public sealed class SiloDatabaseCutTests
{
    private static readonly TimeSpan BeforeTheGraceIsOver = TimeSpan.FromSeconds(30);

    private static readonly ClusterPlan Plan = new()
    {
        HasNetworks = true,
        SiloArguments = ["--Orchestrator:Silo:IsolatedAfter=00:00:03", "--Orchestrator:Postgres:Patience=00:00:01"],
        FrontEndArguments = ["--Orchestrator:Router:Patience=00:00:02"],
    };

    [Fact]
    public async Task Silo_WithoutItsDatabase_HoldsTurnsUp_AndLetsGoOfWhoIsNotThere()
    {
        await using var world = await ClusterWorld.StartAsync(Plan, silos: 1, frontEnds: 1, World.Says("One answer.", seconds: 0.3));
        var (url, database) = (world.FrontEnds[0].Url, world.Silos[0].Database);
        await using var talker = await Talker.ConnectAsync(url, number: 1);
        await using var goner = await Talker.ConnectAsync(url, number: 2);
        await goner.TurnAsync();

        // Connections that break are made anew.
        database.Reset();
        await talker.TurnAsync();

        foreach (var cut in (Action[])[database.Refuse, database.Swallow])
        {
            cut();
            await HeldUpAsync(world, talker, then: database.Heal);
        }

        // Nobody can tell the silo any more what it owns: what it does for nobody, it ends.
        database.Swallow();
        goner.Client.Abort();
        var abandoned = (await EverythingOnce.SessionsOfAsync(world, goner)).Single();
        await Patience.Until(async () => !await IsOpenAsync(world, abandoned), "the end of the upstream connection of the client that is gone", limit: BeforeTheGraceIsOver);
        Assert.True(await IsOpenAsync(world, (await EverythingOnce.SessionsOfAsync(world, talker)).Single()));
        Assert.False(talker.Client.Ended.IsCompleted);

        // Ten seconds are too long for a turn that waits to be stored. New clients find no silo meanwhile.
        await talker.BeginAsync(2);
        await talker.EndAsync();
        await talker.Client.NextAsync(RawLiveClient.HasAudio, "audio, which needs no database");
        await ReadyAsync(world, HttpStatusCode.ServiceUnavailable);
        await using (var newcomer = await RawLiveClient.ConnectAsync(url))
        {
            await newcomer.SendAsync(RawLiveClient.SetupJson());
            Assert.Equal(1011, (await newcomer.EndAsync()).Code);
        }

        var end = await talker.Client.EndAsync();
        Assert.Equal((1011, "The turn could not be stored; resume the session to continue."), (end.Code, end.Reason));
        database.Heal();
        await ReadyAsync(world, HttpStatusCode.OK);
        foreach (var back in (Talker[])[talker, goner])
        {
            await back.ReturnAsync(url);
            await back.TurnAsync();
        }

        await EverythingOnce.CheckAsync(world, talker, goner);
    }

    [Fact]
    public async Task Newcomers_GoToTheSiloThatHasItsDatabase_BeforeTheOtherCountsAsDead()
    {
        var plan = Plan with { FrontEndArguments = [] };
        await using var world = await ClusterWorld.StartAsync(plan, silos: 2, frontEnds: 1, World.Says("One answer.", seconds: 0.3));
        world.Silos[0].Database.Refuse();
        var talkers = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => Talker.ConnectAsync(world.FrontEnds[0].Url, i)));
        await Task.WhenAll(talkers.Select(talker => talker.TurnAsync()));
        await EverythingOnce.CheckAsync(world, talkers);
        foreach (var talker in talkers)
        {
            Assert.Equal("silo-2", (await world.OwnerAsync(talker.ConversationId)).Name);
            await talker.DisposeAsync();
        }
    }

    private static async Task HeldUpAsync(ClusterWorld world, Talker talker, Action then)
    {
        var before = await FactsAsync(world, talker);
        await talker.BeginAsync(2);
        await talker.EndAsync();
        await talker.Client.NextAsync(RawLiveClient.HasAudio, "audio, which needs no database");
        var answer = talker.AnswerAsync();
        Assert.NotSame(answer, await Task.WhenAny(answer, Task.Delay(TimeSpan.FromSeconds(1.5))));
        Assert.Equal(before, await FactsAsync(world, talker));
        then();
        await answer;
    }

    private static async Task<string> FactsAsync(ClusterWorld world, Talker talker) =>
        (await world.SqlAsync($"select count(*) from orchestrator.facts where conversation = '{talker.ConversationId}'")).Single();

    private static async Task<bool> IsOpenAsync(ClusterWorld world, string session) =>
        (await world.Simulator.Oracle.DescribeAsync()).Single(s => s.GetProperty("session").GetString() == session).GetProperty("open").GetBoolean();

    private static Task ReadyAsync(ClusterWorld world, HttpStatusCode status) => Patience.Until(
        async () => (await world.FrontEnds[0].Api().SendAsync(HttpMethod.Get, "/health/ready")).Status == status, $"{status} from /health/ready");
}
