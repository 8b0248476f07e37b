using Orchestrator.Attach;
using Orchestrator.Grains.Actor;
using Xunit;

namespace Orchestrator.Grains.Tests.Actor;

public sealed class InputLogTests
{
    private const double AtOnce = double.PositiveInfinity;
    private const InputTraits Voiced = InputTraits.Audio | InputTraits.Voiced;

    [Fact]
    public void Silence_BetweenWords_KeepsWhatEndsATurnAndAPreroll()
    {
        using var rig = Live();
        rig.Voice(1_000);
        rig.Silence(60_000);
        rig.Voice(1_000);
        rig.Silence(60_000);
        // Twice: 1 s of voice and the silence that ends a turn; after each, the last 2 s.
        Assert.Equal([.. Range(1, 100), .. Range(2_951, 3_150), .. Range(6_001, 6_100)], rig.Kept());
    }

    [Fact]
    public void Silence_OfHalfAnHourInAnUnansweredTurn_CostsNothing()
    {
        using var rig = Live();
        rig.Voice(2_000);
        rig.Silence(10_000);
        var (bytes, room, rented) = (rig.Log.Bytes, rig.Log.Room, rig.Pool.OutBytes);
        rig.Silence(30 * 60_000);
        Assert.Equal((bytes, room), (rig.Log.Bytes, rig.Log.Room));
        Assert.InRange(rig.Pool.OutBytes, 0, rented + (16 * 1024));
        // The next link hears it all in order: speech, a pause that is one, and the end.
        var link = rig.NewLink();
        rig.Pump.SendAfter(link, 0, AtOnce);
        Assert.Equal(5_000, Assert.Single(rig.Replays.Skip(1)).AudioMs);
        Assert.Equal(rig.Log.Last, link.Positions.Last());
    }

    [Fact]
    public void Silence_WithVideoAndTypedWords_LosesNeither()
    {
        using var rig = Live();
        rig.Voice(100);
        for (var second = 0; second < 60; second++)
        {
            rig.Silence(980);
            rig.Say(InputTraits.Video, bytes: 3_000);
            rig.Say(InputTraits.Text);
            rig.Say(InputTraits.Audio | InputTraits.AudioStreamEnd, audioMs: 20);
        }

        var kept = rig.Kept().Select(p => (InputTraits)rig.Log[p].Traits).ToList();
        Assert.Equal(60, kept.Count(traits => traits == InputTraits.Video));
        Assert.Equal(60, kept.Count(traits => traits == InputTraits.Text));
        Assert.Equal(60, kept.Count(traits => (traits & InputTraits.AudioStreamEnd) != 0));
        Assert.InRange(kept.Count(traits => traits == InputTraits.Audio), 149, 151);
    }

    [Fact]
    public void Silence_ThatWasNotSent_Stays()
    {
        using var rig = Live();
        rig.Voice(100);
        rig.Pump.Detach();
        rig.Silence(60_000);
        Assert.Equal(3_005, rig.Kept().Count());
    }

    [Fact]
    public void Silence_InsideAManualActivity_Stays()
    {
        using var rig = Live(silenceMs: null);
        rig.Say(InputTraits.ActivityStart);
        rig.Voice(100);
        rig.Silence(60_000);
        Assert.Equal(3_006, rig.Kept().Count());
    }

    [Fact]
    public void TrimQuiet_KeepsAPreroll()
    {
        using var rig = Live();
        for (var i = 0; i < 500; i++)
        {
            rig.Say(InputTraits.Audio, audioMs: 300);
            rig.Log.TrimQuiet();
        }

        Assert.Equal(7, rig.Kept().Count());
    }

    [Fact]
    public void TrimTo_NeverTakesWhatWasNotSent()
    {
        using var rig = Live();
        rig.Voice(100);
        rig.Pump.Detach();
        rig.Voice(100);
        rig.Log.TrimTo(8);
        Assert.Equal(Range(6, 10), rig.Kept());
    }

    [Fact]
    public void FullLog_GivesUpVideoOverItsShare_ThenTheOldestAudio_AndNoWords()
    {
        using var rig = Live(maxBytes: 8 << 20);
        rig.Say(InputTraits.Text, bytes: 100);
        for (var i = 0; i < 60; i++)
        {
            rig.Say(Voiced, audioMs: 20, bytes: 60_000);
            rig.Say(InputTraits.Video, bytes: 60_000);
        }

        // 7.2 MB are no reason to give anything up.
        Assert.Null(rig.Log.Evict());
        rig.Say(InputTraits.ClientContent, bytes: 1_300_000);
        var first = rig.Log.Evict()!.Value;
        Assert.Equal(new EvictedInput(From: 3, To: 11, Frames: 5, AudioMs: 0, Bytes: 300_000), first);
        Assert.InRange(rig.Log.Bytes, 0, 8 << 20);

        rig.Say(InputTraits.ToolResponse, bytes: 4_000_000);
        var second = rig.Log.Evict()!.Value;
        // 21 more images leave 34 of them, 2 MB; the rest of what is missing is audio from the start.
        var kept = rig.Kept().Select(p => (InputTraits)rig.Log[p].Traits).ToList();
        Assert.Equal(34, kept.Count(traits => traits == InputTraits.Video));
        Assert.Equal((2, 90), (second.From, second.To));
        Assert.Equal(Range(1, 1), rig.Kept().Take(1));
        Assert.Equal(1_300_000 + 4_000_000 + 100, rig.Log.Bytes - (kept.Count(traits => traits is InputTraits.Video or Voiced) * 60_000L));
        Assert.Equal(20L * (60 - kept.Count(traits => traits == Voiced)), second.AudioMs);
        Assert.Equal(second.Frames, 21 + (second.AudioMs / 20));
        Assert.InRange(rig.Log.Bytes, (8 << 20) - (128 * 1024) - 60_000, 8 << 20);
    }

    [Fact]
    public void FullLog_OfWordsAlone_KeepsItsBound()
    {
        using var rig = Live(maxBytes: 100_000);
        for (var i = 0; i < 200; i++)
        {
            rig.Say(InputTraits.Text, bytes: 1_000);
            rig.Log.Evict();
            Assert.InRange(rig.Log.Bytes, 0, 100_000);
        }

        Assert.Equal(rig.Log.Last, rig.Kept().Last());
    }

    [Fact]
    public void FullLog_IsNotFullAgainWithTheNextFrame()
    {
        using var rig = Live();
        var evictions = 0;
        // 20 minutes of speech that nobody answers.
        for (var i = 0; i < 20 * 60 * 50; i++)
        {
            rig.Say(Voiced, audioMs: 20, bytes: 960);
            evictions += rig.Log.Evict() is null ? 0 : 1;
        }

        Assert.InRange(evictions, 100, 500);
        Assert.InRange(rig.Log.Bytes, (8 << 20) - (8 << 14) - 960, 8 << 20);
    }

    [Fact]
    public void FullLog_WhoseInputWasNotSent_SendsTheRestInOrder()
    {
        using var rig = new PumpRig(maxBytes: 100_000);
        var first = 1L;
        for (var i = 0; i < 300; i++)
        {
            rig.Say(Voiced, audioMs: 20, bytes: 1_000);
            first = rig.Log.Evict() is { } evicted ? evicted.To + 1 : first;
        }

        var link = rig.NewLink();
        rig.Pump.SendAfter(link, 0, AtOnce);
        Assert.Equal(Range(first, 300), link.Positions);
        Assert.Equal(0, rig.Log.UnsentBytes);
    }

    [Fact]
    public void Images_DoNotKeepTheBlocksOfTheSoundBetweenThem()
    {
        using var rig = Live();
        for (var i = 0; i < 200; i++)
        {
            rig.Say(InputTraits.Video, bytes: 70_000);
            rig.Say(Voiced, audioMs: 20, bytes: 900);
            rig.Log.Evict();
        }

        // A power of two per image is the pool's way; nothing else may add to it.
        Assert.InRange(rig.Pool.OutBytes, 0, 2L * rig.Log.Bytes);
    }

    private static PumpRig Live(long? silenceMs = 800, long maxBytes = 8 << 20)
    {
        var rig = new PumpRig(silenceMs, maxBytes);
        rig.Pump.SendAfter(rig.NewLink(), 0, AtOnce);
        return rig;
    }

    private static IEnumerable<long> Range(long from, long to) => Enumerable.Range((int)from, (int)(to - from + 1)).Select(n => (long)n);
}
