using Orchestrator.Grains.Conversations;
using Xunit;

namespace Orchestrator.Grains.Tests.Conversations;

/// <summary>What the user said lately, by positions.</summary>
public sealed class UtterancesTests
{
    [Fact]
    public void Speech_GoesOnUntilItIsClosed()
    {
        var said = default(Utterances);
        said.Continue(5, before: 0);
        said.Continue(9, before: 5);
        Assert.Equal(new UserSpan(5, 9, 0), said.NewestSent(9));
        said.Close();
        said.Continue(20, before: 9);
        Assert.Equal(new UserSpan(20, 20, 9), said.NewestSent(20));
    }

    [Fact]
    public void Newest_IsTheOneOfWhichTheFirstFrameWasSent()
    {
        var said = Words(10, 20, 30);
        Assert.Equal(30, said.NewestSent(30)!.Value.Start);
        Assert.Equal(20, said.NewestSent(29)!.Value.Start);
        Assert.Equal(10, said.NewestSent(10)!.Value.Start);
        Assert.Null(said.NewestSent(9));
        Assert.Null(default(Utterances).NewestSent(100));
    }

    [Fact]
    public void OnlyTheNewestEight_AreKnown()
    {
        var said = Words(1, 2, 3, 4, 5, 6, 7, 8, 9, 10);
        Assert.Equal(3, said.NewestSent(3)!.Value.Start);
        Assert.Null(said.NewestSent(2));
        Assert.Equal(4, said.SecondAfter(0)!.Value.Start);
    }

    [Fact]
    public void SecondAfter_SkipsWhatIsAnswered()
    {
        var said = Words(10, 20, 30);
        Assert.Equal(20, said.SecondAfter(0)!.Value.Start);
        Assert.Equal(20, said.SecondAfter(9)!.Value.Start);
        Assert.Equal(30, said.SecondAfter(10)!.Value.Start);
        Assert.Null(said.SecondAfter(20));
        Assert.Null(said.SecondAfter(30));
    }

    [Fact]
    public void FirstAfter_IsTheOldestThatGoesBeyondThePosition()
    {
        var said = Words(10, 20, 30);
        Assert.Equal(10, said.FirstAfter(9)!.Value.Start);
        Assert.Equal(20, said.FirstAfter(10)!.Value.Start);
        Assert.Null(said.FirstAfter(30));
        Assert.Equal(3, Words(1, 2, 3, 4, 5, 6, 7, 8, 9, 10).FirstAfter(0)!.Value.Start);
    }

    [Fact]
    public void Unfinished_IsWhatIsNotSentOrMayGoOn()
    {
        var said = default(Utterances);
        said.Continue(5, before: 0);
        said.Continue(9, before: 5);
        Assert.True(said.IsUnfinished(said.NewestSent(9)!.Value, sentTo: 9));
        said.Close();
        Assert.False(said.IsUnfinished(said.NewestSent(9)!.Value, sentTo: 9));
        Assert.True(said.IsUnfinished(said.NewestSent(9)!.Value, sentTo: 8));
        said.Begin(12, before: 9, goesOn: false);
        Assert.False(said.IsUnfinished(said.NewestSent(12)!.Value, sentTo: 12));
    }

    [Fact]
    public void Noise_SaysNothing_ForAsLongAsItLasts()
    {
        var said = default(Utterances);
        said.Continue(5, before: 0);
        said.Mistrust();
        said.Continue(6, before: 5);
        Assert.Null(said.NewestSent(6));
        said.Close();
        Assert.NotNull(said.NewestSent(6));
        said.Mistrust();
        Assert.NotNull(said.NewestSent(6));
    }

    [Theory]
    [InlineData(0, 0, 0)]
    [InlineData(0, 600, 0)]
    [InlineData(0, 601, 9)]
    [InlineData(0, 1_201, 19)]
    [InlineData(0, 9_999, 19)]
    [InlineData(9, 600, 9)]
    [InlineData(9, 601, 19)]
    public void Passed_IsWhatLiesBeforeTheUtteranceThatWasReached(long position, long audioMs, long passed)
    {
        var said = default(Utterances);
        foreach (var start in (ReadOnlySpan<long>)[1, 10, 20])
        {
            said.Continue(start, before: start - 1, audioMs: 400);
            said.Continue(start + 1, before: start, audioMs: 200);
            said.Close();
        }

        Assert.Equal(passed, said.PassedAfter(position, audioMs));
    }

    [Fact]
    public void Passed_IsNotKnown_WhereTheOldestAreForgotten()
    {
        var said = default(Utterances);
        for (var start = 1L; start <= 9; start++)
        {
            said.Continue(start, before: start - 1, audioMs: 600);
            said.Close();
        }

        Assert.Equal(0, said.PassedAfter(0, 5_000));
        Assert.Equal(3, said.PassedAfter(2, 601));
    }

    private static Utterances Words(params long[] starts)
    {
        var said = default(Utterances);
        foreach (var start in starts)
        {
            said.Begin(start, start - 1, goesOn: false);
        }

        return said;
    }
}
