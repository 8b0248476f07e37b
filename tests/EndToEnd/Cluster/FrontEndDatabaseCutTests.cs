using System.Net;
using Orchestrator.Testing;
using Xunit;

namespace Orchestrator.EndToEnd.Cluster;

/// <summary>The network between a front-end and PostgreSQL: needed to find a conversation's owner and to read, and for nothing else.</summary>
public sealed class FrontEndDatabaseCutTests
{
    private static readonly ClusterPlan Plan = new()
    {
        HasNetworks = true,
        FrontEndArguments = ["--Orchestrator:Router:Patience=00:00:02", "--Orchestrator:Postgres:Patience=00:00:01"],
    };

    [Fact]
    public async Task FrontEnd_WithoutTheDatabase_ServesOn_TakesNewClients_AndCannotBringAnybodyBack()
    {
        await using var world = await ClusterWorld.StartAsync(Plan, silos: 1, frontEnds: 1, World.Says("One answer.", seconds: 0.3));
        var (frontEnd, database) = (world.FrontEnds[0], world.FrontEnds[0].Database);
        List<Talker> talkers = [];
        await using var talker = await Talker.ConnectAsync(frontEnd.Url, number: 1);
        await using var returning = await Talker.ConnectAsync(frontEnd.Url, number: 2);
        talkers.AddRange(talker, returning);
        await returning.TurnAsync();
        foreach (var cut in (Action[])[database.Refuse, database.Swallow])
        {
            await returning.Client.CloseAsync();
            cut();
            await talker.TurnAsync();
            var newcomer = await Talker.ConnectAsync(frontEnd.Url, number: 1 + talkers.Count);
            talkers.Add(newcomer);
            await newcomer.TurnAsync();

            await using (var refused = await RawLiveClient.ConnectAsync(frontEnd.Url))
            {
                await refused.SendAsync(RawLiveClient.SetupJson(handle: returning.Client.Handle));
                var end = await refused.EndAsync();
                Assert.Equal((1011, "No server could take the conversation; resume the session later."), (end.Code, end.Reason));
            }

            Assert.Equal(HttpStatusCode.ServiceUnavailable, (await frontEnd.Api().SendAsync(HttpMethod.Get, $"/v1/conversations/{talker.ConversationId}")).Status);
            var health = await frontEnd.Api().SendAsync(HttpMethod.Get, "/health/ready");
            Assert.Equal(HttpStatusCode.ServiceUnavailable, health.Status);
            Assert.Contains("silos", health.Body, StringComparison.Ordinal);

            database.Heal();
            await returning.ReturnAsync(frontEnd.Url);
            await returning.TurnAsync();
        }

        await EverythingOnce.CheckAsync(world, talkers);
        foreach (var newcomer in talkers.Skip(2))
        {
            await newcomer.DisposeAsync();
        }
    }
}
