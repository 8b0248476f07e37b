using Orchestrator.Api.Cluster;

namespace Orchestrator.Api.Tests.Cluster;

/// <summary>Who is given up by the pings that are not answered, and when our own lateness is to blame instead.</summary>
public sealed class PongWatchTests
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(250);

    private readonly PongWatch _watch = new(Interval, TimeSpan.FromSeconds(1));

    [Fact]
    public void Silence_IsDoubtedHalfWay_AndEndsAtTheFifthTick() =>
        Assert.Equal(
            [PongVerdict.Ping, PongVerdict.Ping, PongVerdict.Doubt, PongVerdict.Ping, PongVerdict.Dead],
            Enumerable.Range(0, 5).Select(_ => _watch.Tick(Interval)));

    [Fact]
    public void Pong_ThatIsOneBehind_IsAnAnswer()
    {
        for (var n = 0; n < 100; n++)
        {
            Assert.Equal(PongVerdict.Ping, _watch.Tick(Interval));
            Assert.True(_watch.IsAnswering);
            Assert.True(_watch.Answered(_watch.Pinged));
        }

        _watch.Tick(Interval);
        Assert.True(_watch.IsAnswering);
        _watch.Tick(Interval);
        Assert.False(_watch.IsAnswering);
    }

    [Fact]
    public void Pong_OfAPingThatWasNeverSent_IsNone()
    {
        _watch.Tick(Interval);
        Assert.False(_watch.Answered(2));
        Assert.True(_watch.Answered(1));
    }

    /// <summary>The process was not scheduled: whatever the peer has said is still in the socket.</summary>
    [Fact]
    public void LateTick_ForgivesThePingsBeforeIt()
    {
        for (var n = 0; n < 4; n++)
        {
            _watch.Tick(Interval);
        }

        Assert.Equal(PongVerdict.Ping, _watch.Tick(Interval * 1.6));
        Assert.Equal(
            [PongVerdict.Ping, PongVerdict.Doubt, PongVerdict.Ping, PongVerdict.Dead],
            Enumerable.Range(0, 4).Select(_ => _watch.Tick(Interval)));
    }

    /// <summary>A timer makes good, all at once, what it has missed: that is one moment, not five.</summary>
    [Fact]
    public void TicksInABurst_AreOne()
    {
        Assert.Equal(PongVerdict.Ping, _watch.Tick(Interval * 5));
        for (var n = 0; n < 10; n++)
        {
            Assert.Equal(PongVerdict.Nothing, _watch.Tick(TimeSpan.FromMilliseconds(1)));
        }

        Assert.Equal(1, _watch.Pinged);
    }

    [Fact]
    public void ProcessThatIsAlwaysLate_DoesNotWaitForEver()
    {
        var ticks = 0;
        while (_watch.Tick(Interval * 2) != PongVerdict.Dead)
        {
            ticks++;
        }

        Assert.Equal(12, ticks);
    }
}
