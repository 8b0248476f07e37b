using Orchestrator.Testing;
using Xunit;

namespace Orchestrator.EndToEnd.Cluster;

/// <summary>The network between a front-end and its silos: a firewall that refuses, and one that swallows.</summary>
public sealed class SiloLinkCutTests
{
    private static readonly ClusterPlan Plan = new() { HasNetworks = true, FrontEndArguments = ["--Orchestrator:Router:Patience=00:00:04"] };

    [Fact]
    public async Task Conversation_GoesToTheSiloThatCanBeReached_AndWaitsWhenNoneCan()
    {
        await using var world = await ClusterWorld.StartAsync(Plan, silos: 2, frontEnds: 1, World.Says("One answer.", seconds: 0.5));
        await using var talker = await Talker.ConnectAsync(world.FrontEnds[0].Url, number: 1);
        await talker.TurnAsync();

        // Refused in mid-sentence: the other one, at once.
        var first = await world.OwnerAsync(talker.ConversationId);
        await talker.BeginAsync(2);
        first.Network.Refuse();
        await talker.SayAsync(2);
        await talker.EndAsync();
        await talker.AnswerAsync();
        var second = await world.OwnerAsync(talker.ConversationId);
        Assert.NotEqual(first.Name, second.Name);
        first.Network.Heal();

        // Swallowed in mid-reply: back to the first, as soon as nobody answers the pings; the reply begins again. It is a long one,
        // because what the silo finishes before it is missed counts as said.
        await world.Simulator.Oracle.SaysAsync("A long answer, of which only the beginning is heard.", seconds: 4);
        await talker.BeginAsync(2);
        await talker.EndAsync();
        await talker.Client.NextAsync(RawLiveClient.HasAudio, "the beginning of an answer");
        second.Network.Swallow();
        await world.Simulator.Oracle.SaysAsync("One answer.", seconds: 0.5);
        await talker.AnswerAsync();
        Assert.Equal(first.Name, (await world.OwnerAsync(talker.ConversationId)).Name);
        second.Network.Heal();

        // No silo for a while, in mid-sentence: what is said waits at the front-end.
        await talker.BeginAsync(2);
        world.Silos.ForEach(silo => silo.Network.Swallow());
        await talker.SayAsync(2);
        await Task.Delay(TimeSpan.FromSeconds(2));
        world.Silos.ForEach(silo => silo.Network.Heal());
        await talker.SayAsync(1);
        await talker.EndAsync();
        await talker.AnswerAsync();

        // No silo for longer than the router's patience.
        world.Silos.ForEach(silo => silo.Network.Swallow());
        var end = await talker.Client.EndAsync();
        Assert.Equal((1011, "No server could take the conversation; resume the session later."), (end.Code, end.Reason));
        world.Silos.ForEach(silo => silo.Network.Heal());
        await talker.ReturnAsync(world.FrontEnds[0].Url);
        await talker.TurnAsync();
        await EverythingOnce.CheckAsync(world, talker);
    }
}
