using Orchestrator.Testing;
using Xunit;

namespace Orchestrator.EndToEnd.Cluster;

/// <summary>Clients that have the same handle: two that fight over the conversation, and one that only has a bad network.</summary>
public sealed class ContendedTests
{
    private const int MaxDisplacements = 6;

    [Fact]
    public async Task TwoClients_ThatTakeTheConversationFromEachOther_AreStopped_AndABadNetworkIsNot()
    {
        await using var world = await ClusterWorld.StartAsync(silos: 1, frontEnds: 2, World.Says("One answer.", seconds: 0.3));
        await using var talker = await Talker.ConnectAsync(world.FrontEnds[0].Url, number: 1);
        await talker.TurnAsync();
        talker.Client.Abort();
        await FlapAsync(world, talker);

        await using var rival = await Talker.ConnectAsync(world.FrontEnds[1].Url, number: 2);
        var handle = await talker.Client.HandleAsync();
        RawLiveClient? holder = null;
        var (taken, refused) = (0, new LiveEnd(null, ""));
        while (refused.Code is null && taken < 3 * MaxDisplacements)
        {
            var newcomer = await RawLiveClient.ConnectAsync(world.FrontEnds[taken % 2].Url);
            await newcomer.SendAsync(RawLiveClient.SetupJson(handle: handle));
            var opened = newcomer.NextAsync(message => message.TryGetProperty("setupComplete", out _), "setupComplete");
            if (await Task.WhenAny(opened, newcomer.Ended) == newcomer.Ended)
            {
                refused = await newcomer.Ended;
                await newcomer.DisposeAsync();
                break;
            }

            await opened;
            taken++;
            var displaced = await (holder ?? talker.Client).EndAsync();
            Assert.Equal((1008, "The conversation was resumed on another connection."), (displaced.Code, displaced.Reason));
            if (holder is not null)
            {
                await holder.DisposeAsync();
            }

            holder = newcomer;
        }

        Assert.Equal((1013, "Several clients keep taking this conversation from one another; try again later."), (refused.Code, refused.Reason));
        // The answer of the last one that was sent away may have come after the next.
        Assert.InRange(taken, MaxDisplacements, MaxDisplacements + 1);
        await holder!.SendAsync("""{"realtimeInput":{"text":"Am I the one?"}}""");
        await holder.TurnCompleteAsync();
        await rival.TurnAsync();
        await holder.DisposeAsync();
    }

    /// <summary>A phone in a tunnel: it leaves socket after socket behind, which nobody ever hears of again.</summary>
    private static async Task FlapAsync(ClusterWorld world, Talker talker)
    {
        await using var network = new TcpProxy(new Uri(world.FrontEnds[0].Url).Port);
        var url = $"http://127.0.0.1:{network.Port}";
        for (var i = 0; i < 3 * MaxDisplacements; i++)
        {
            await talker.ReturnAsync(url);
            network.Freeze();
        }

        await talker.ReturnAsync(world.FrontEnds[0].Url);
        await talker.TurnAsync();
        await EverythingOnce.CheckAsync(world, talker);
    }
}
