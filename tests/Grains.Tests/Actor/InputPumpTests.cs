using Orchestrator.Attach;
using Xunit;

namespace Orchestrator.Grains.Tests.Actor;

public sealed class InputPumpTests
{
    private const double AtOnce = double.PositiveInfinity;
    private const InputTraits Voiced = InputTraits.Audio | InputTraits.Voiced;

    [Fact]
    public void Live_InputGoesOut_OnTheThreadThatBringsIt()
    {
        using var rig = new PumpRig();
        var link = rig.NewLink();
        rig.Pump.SendAfter(link, 0, pace: 4);
        var armed = rig.Time.Armed;
        rig.Voice(10_000);
        Assert.Equal(500, link.Got.Count);
        Assert.Equal(armed, rig.Time.Armed);
        Assert.All(link.Got, got => Assert.Equal(TimeSpan.Zero, got.At));
    }

    [Fact]
    public void Live_Input_AllocatesNothing()
    {
        using var rig = new PumpRig();
        var link = new DeafLink();
        rig.Pump.SendAfter(link, 0, pace: 4);
        var frame = new byte[900];
        void Say(int frames)
        {
            for (var i = 0; i < frames; i++)
            {
                rig.Log.Append(frame, i % 500 < 20 ? Voiced : InputTraits.Audio, 20);
                rig.Pump.Pump();
                rig.Log.TrimTo(i % 2_000 == 0 ? rig.Log.Last : 0);
            }
        }

        Say(20_000);
        var before = GC.GetAllocatedBytesForCurrentThread();
        Say(20_000);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Theory]
    [InlineData(1, 2)]
    [InlineData(4, 20)]
    [InlineData(4, 100)]
    [InlineData(4, 500)]
    [InlineData(10, 40)]
    public void Replay_AudioLeaves_AtThePaceAndNoFaster(double pace, int frameMs)
    {
        using var rig = new PumpRig();
        for (var ms = 0; ms < 10_000; ms += frameMs)
        {
            rig.Keep(Voiced, frameMs);
        }

        var link = rig.NewLink();
        rig.Pump.SendAfter(link, 0, pace);
        rig.Run((int)(10_000 / pace) + 100);
        Assert.Equal(rig.Log.Last, link.Got.Count);
        Assert.Equal(10_000, Assert.Single(rig.Replays).AudioMs);
        // From any frame on, no more than the burst goes beyond the pace; and it is not slower than the pace either.
        var burst = Math.Max(200, frameMs);
        for (var from = 0; from < link.Got.Count; from++)
        {
            for (var to = from; to < link.Got.Count; to++)
            {
                var allowed = burst + (pace * (link.Got[to].At - link.Got[from].At).TotalMilliseconds);
                Assert.True((to - from + 1) * frameMs <= allowed + 1, $"{from} to {to} went out too fast.");
            }
        }

        Assert.InRange((link.Got[^1].At - link.Got[0].At).TotalMilliseconds, (10_000 - burst) / pace - 1, 10_000 / pace);
    }

    [Fact]
    public void Replay_LiveInputQueuesBehindIt_AndFlowsAtOnceWhenTheBacklogIsGone()
    {
        using var rig = new PumpRig();
        rig.Voice(4_000);
        var link = rig.NewLink();
        rig.Pump.SendAfter(link, 0, pace: 4);
        var caughtUp = TimeSpan.Zero;
        for (var ms = 20; ms <= 4_000; ms += 20)
        {
            rig.Run(20);
            rig.Say(Voiced, 20);
            if (rig.Log.SentTo == rig.Log.Last && caughtUp == TimeSpan.Zero)
            {
                caughtUp = rig.Time.GetElapsedTime(0);
            }

            if (caughtUp != TimeSpan.Zero)
            {
                Assert.Equal(rig.Log.Last, rig.Log.SentTo);
            }
        }

        Assert.Equal(Enumerable.Range(1, 400).Select(n => (long)n), link.Positions);
        // 3.8 s of backlog that shrinks by 3 s in a second.
        Assert.InRange(caughtUp.TotalMilliseconds, 1_240, 1_340);
        var replay = Assert.Single(rig.Replays);
        Assert.Equal((link, 4_000, 200), (replay.Link, replay.AudioMs, replay.Frames));
    }

    [Fact]
    public void Replay_WithoutAPace_IsOneBurst()
    {
        using var rig = new PumpRig();
        rig.Voice(60_000);
        var link = rig.NewLink();
        rig.Pump.SendAfter(link, 0, AtOnce);
        Assert.Equal(3_000, link.Got.Count);
        Assert.Equal(60_000, Assert.Single(rig.Replays).AudioMs);
        Assert.Equal(0, rig.Time.Armed);
    }

    [Fact]
    public void Replay_FramesWithoutAudio_CostNoTimeAndKeepTheirPlace()
    {
        using var rig = new PumpRig();
        for (var i = 0; i < 100; i++)
        {
            rig.Keep(InputTraits.Text);
        }

        rig.Voice(1_000);
        rig.Keep(InputTraits.Text);
        var link = rig.NewLink();
        rig.Pump.SendAfter(link, 0, pace: 4);
        Assert.Equal(110, link.Got.Count);
        rig.Run(300);
        Assert.Equal(Enumerable.Range(1, 151).Select(n => (long)n), link.Positions);
        Assert.Equal(link.Got[^2].At, link.Got[^1].At);
    }

    [Fact]
    public void Replay_OfNothing_IsReportedAtOnce()
    {
        using var rig = new PumpRig();
        rig.Voice(1_000);
        rig.Pump.SendAfter(rig.NewLink(), 50, pace: 4);
        var done = Assert.Single(rig.Replays);
        Assert.Equal((0, 0), (done.AudioMs, done.Frames));
        rig.Voice(1_000);
        rig.Run(1_000);
        Assert.Single(rig.Replays);
    }

    [Fact]
    public void Replay_IsReported_WhenTheLastFrameOfItIsGone()
    {
        using var rig = new PumpRig();
        rig.Voice(40);
        rig.Keep(InputTraits.Text);
        var link = rig.NewLink();
        link.IsSlow = true;
        rig.Pump.SendAfter(link, 0, pace: 4);
        rig.Log.Quarantine(3);
        rig.Finish(link);
        Assert.Empty(rig.Replays);
        rig.Finish(link);
        var done = Assert.Single(rig.Replays);
        Assert.Equal((link, 40, 2), (done.Link, done.AudioMs, done.Frames));
        Assert.Equal([1, 2], link.Positions);
        rig.Say(InputTraits.Text);
        Assert.Equal([1, 2, 4], link.Positions);
    }

    [Fact]
    public void Replay_ThatIsCutShort_IsNeverReported()
    {
        using var rig = new PumpRig();
        rig.Voice(10_000);
        var (first, second) = (rig.NewLink(), rig.NewLink());
        rig.Pump.SendAfter(first, 0, pace: 4);
        rig.Run(500);
        rig.Pump.Detach();
        rig.Run(3_000);
        Assert.InRange(first.Got.Count, 50, 150);
        Assert.Empty(rig.Replays);
        rig.Pump.SendAfter(second, 0, pace: 4);
        rig.Run(2_600);
        Assert.Equal(second, Assert.Single(rig.Replays).Link);
        Assert.Equal(500, second.Got.Count);
    }

    [Fact]
    public void ToolResponses_AreNotReplayed_AndLiveOnesAreSent()
    {
        using var rig = new PumpRig();
        rig.Pump.SendAfter(rig.NewLink(), 0, AtOnce);
        rig.Replays.Clear();
        rig.Keep(InputTraits.Text);
        rig.Keep(InputTraits.ToolResponse);
        rig.Keep(InputTraits.Text);
        rig.Keep(InputTraits.ToolResponse);
        var link = rig.NewLink();
        rig.Pump.SendAfter(link, 0, pace: 4);
        Assert.Equal([1, 3], link.Positions);
        Assert.Equal(2, Assert.Single(rig.Replays).Frames);
        rig.Say(InputTraits.ToolResponse);
        Assert.Equal([1, 3, 5], link.Positions);
        Assert.Equal(0, rig.Log.UnsentBytes);
    }

    [Fact]
    public void ToolResponse_ThatCameBeforeTheFirstLink_IsUpstreamsToJudge()
    {
        using var rig = new PumpRig();
        rig.Keep(InputTraits.ToolResponse);
        var link = rig.NewLink();
        rig.Pump.SendAfter(link, 0, pace: 4);
        Assert.Equal([1], link.Positions);
    }

    [Fact]
    public void ToolResponse_ThatCameDuringAReplay_WaitsItsTurnAndIsSent()
    {
        using var rig = new PumpRig();
        rig.Pump.SendAfter(rig.NewLink(), 0, AtOnce);
        rig.Pump.Detach();
        rig.Voice(1_000);
        var link = rig.NewLink();
        rig.Pump.SendAfter(link, 0, pace: 4);
        var answer = rig.Say(InputTraits.ToolResponse);
        Assert.DoesNotContain(answer, link.Positions);
        rig.Run(300);
        Assert.Equal(answer, link.Positions.Last());
    }

    [Fact]
    public void OwnFrames_GoBeforeInput_EvenWhileItIsHeldOrASendIsUnderWay()
    {
        using var rig = new PumpRig();
        var link = rig.NewLink();
        rig.Pump.SendAfter(link, 0, AtOnce);
        rig.Pump.Hold();
        rig.Say(InputTraits.Text);
        rig.SendOwn();
        Assert.Equal([-1], link.Positions);
        link.IsSlow = true;
        rig.Pump.Release();
        rig.Say(InputTraits.Text);
        rig.SendOwn();
        rig.SendOwn();
        Assert.Equal([-1, 1], link.Positions);
        for (var i = 0; i < 4; i++)
        {
            rig.Finish(link);
        }

        Assert.Equal([-1, 1, -2, -3, 2], link.Positions);
    }

    [Fact]
    public void OwnFrames_OfAnAttachedLink_GoBeforeTheReplay()
    {
        using var rig = new PumpRig();
        rig.Voice(100);
        var link = rig.NewLink();
        rig.Pump.Attach(link);
        rig.Voice(100);
        Assert.Empty(link.Got);
        link.IsSlow = true;
        rig.SendOwn();
        rig.SendOwn();
        rig.Pump.SendAfter(link, 5, AtOnce);
        link.IsSlow = false;
        rig.Finish(link);
        Assert.Equal([-1, -2, 6, 7, 8, 9, 10], link.Positions);
        Assert.Equal(100, Assert.Single(rig.Replays).AudioMs);
    }

    [Fact]
    public void OwnFrames_WithoutTheirLink_AreDropped()
    {
        using var rig = new PumpRig();
        var (first, second) = (rig.NewLink(), rig.NewLink());
        rig.SendOwn();
        first.IsSlow = true;
        rig.Pump.SendAfter(first, 0, AtOnce);
        rig.Say(InputTraits.Text);
        rig.SendOwn();
        rig.Pump.SendAfter(second, 0, AtOnce);
        rig.SendOwn();
        Assert.Equal([1], first.Positions);
        Assert.Equal([1, -3], second.Positions);
    }

    [Fact]
    public void Quarantine_OfAFrameUnderWay_ChangesNothingButTheNextLink()
    {
        using var rig = new PumpRig();
        var (first, second) = (rig.NewLink(), rig.NewLink());
        first.IsSlow = true;
        rig.Pump.SendAfter(first, 0, AtOnce);
        rig.Say(InputTraits.Text);
        rig.Say(InputTraits.Text);
        rig.Log.Quarantine(1);
        rig.Pump.SendAfter(second, 0, AtOnce);
        Assert.Equal([2], second.Positions);
        rig.Finish(first);
        Assert.Equal([1], first.Positions);
    }

    [Fact]
    public void NewLink_DoesNotWait_ForTheOldOnesSend()
    {
        using var rig = new PumpRig();
        var (first, second) = (rig.NewLink(), rig.NewLink());
        first.IsSlow = true;
        rig.Pump.SendAfter(first, 0, AtOnce);
        rig.Say(InputTraits.Text);
        rig.Say(InputTraits.Text);
        rig.Pump.SendAfter(second, 0, AtOnce);
        Assert.Equal([1, 2], second.Positions);
        rig.Finish(first);
        Assert.Equal([1], first.Positions);
        Assert.Equal([1, 2], second.Positions);
    }

    [Fact]
    public void Dispose_DuringASend_KeepsNoMemoryForIt()
    {
        var rig = new PumpRig();
        var link = rig.NewLink();
        link.IsSlow = true;
        rig.Pump.SendAfter(link, 0, AtOnce);
        rig.Voice(2_000);
        rig.Dispose();
        Assert.Equal(0, rig.Pool.Out);
        rig.Finish(link);
        Assert.Single(link.Got);
    }

    [Fact]
    public void Client_WaitsWhileASendIsStuck_ButNotForAReplay()
    {
        using var rig = new PumpRig();
        for (var i = 0; i < 1_000; i++)
        {
            rig.Keep(Voiced, 20, bytes: 900);
        }

        var link = rig.NewLink();
        rig.Pump.SendAfter(link, 0, pace: 4);
        Assert.False(rig.Pump.IsClogged);
        link.IsSlow = true;
        rig.Run(100);
        Assert.True(rig.Pump.IsClogged);
        link.IsSlow = false;
        rig.Finish(link);
        Assert.False(rig.Pump.IsClogged);
    }

    private sealed class DeafLink : Orchestrator.Grains.Actor.IUpstreamLink
    {
        public ValueTask SendAsync(ReadOnlySpan<byte> frame) => ValueTask.CompletedTask;

        public void Close()
        {
        }
    }
}
