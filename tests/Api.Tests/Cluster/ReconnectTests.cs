using Orchestrator.Attach;
using Orchestrator.Testing;
using Orchestrator.Wire;

namespace Orchestrator.Api.Tests.Cluster;

/// <summary>A connection to a silo is lost: whether the silo is, too, decides where its clients go on.</summary>
public sealed class ReconnectTests
{
    private static readonly TimeSpan Interval = new ClusterOptions().PingInterval;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task SiloThatIsAlive_KeepsItsClients_WhenOnlyTheConnectionIsLost(bool reset)
    {
        await using var world = new RouterFixture();
        var edge = new RecordingEdge();
        var (_, silo) = await world.AttachAsync(edge);
        for (var round = 1; round <= 5; round++)
        {
            if (reset)
            {
                silo.Network.Reset();
            }
            else
            {
                silo.Network.Cut();
            }

            var (grain, again) = await world.NextAsync();
            Assert.Same(silo, again);
            Assert.NotNull(grain.Request.Memory);
            Assert.Equal(round + 1, grain.Request.Attempt);
            grain.Edge.Deliver(new OutputFrame(round, "still here"u8.ToArray(), OutputTraits.None, 0));
            await Patience.Until(() => Task.FromResult(world.Moves.Count == round), "the move's number");
        }

        Assert.All(world.Moves, why => Assert.Equal("reconnected", why));
    }

    [Fact]
    public async Task SiloThatHasDied_IsNotAskedAgain()
    {
        await using var world = new RouterFixture();
        var (_, silo) = await world.AttachAsync(new RecordingEdge());
        await silo.DieAsync();
        var (_, other) = await world.NextAsync();
        Assert.NotSame(silo, other);
        await Patience.Until(() => Task.FromResult(world.Moves.Count == 1), "the move's number");
        Assert.Equal("lost", Assert.Single(world.Moves));
    }

    [Fact]
    public async Task SiloThatSendsAConversationAway_IsNotGoneBackTo()
    {
        await using var world = new RouterFixture();
        var (grain, silo) = await world.AttachAsync(new RecordingEdge());
        grain.Edge.Close(EdgeClose.Moving);
        var (_, other) = await world.NextAsync();
        Assert.NotSame(silo, other);
        await Patience.Until(() => Task.FromResult(world.Moves.Count == 1), "the move's number");
        Assert.Equal("moved", Assert.Single(world.Moves));
    }

    /// <summary>Half open, as behind a translator of addresses that has forgotten it: pings go nowhere, a new connection works.</summary>
    [Fact]
    public async Task ConnectionThatHasBecomeSilent_IsReplaced_BeforeItIsGivenUp()
    {
        var clock = new Orchestrator.Testing.ManualTime();
        await using var world = new RouterFixture(clock);
        var (_, silo) = await world.AttachAsync(new RecordingEdge());
        silo.Network.Freeze();
        clock.Advance(3 * Interval);
        await Patience.Until(() => Task.FromResult(silo.Network.Accepted == 2), "another connection");
        Assert.True(await Patience.For(world.Reach(silo).AnswersAsync(), "the proof of the other connection"));
        for (var tick = 4; tick <= 5; tick++)
        {
            var before = silo.Network.BytesToClient;
            clock.Advance(Interval);
            await Patience.Until(() => Task.FromResult(silo.Network.BytesToClient > before), "a pong of the other connection");
        }

        var (_, again) = await world.NextAsync();
        Assert.Same(silo, again);
        Assert.Equal(2, silo.Network.Accepted);
    }
}
