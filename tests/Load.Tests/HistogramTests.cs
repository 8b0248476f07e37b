using Orchestrator.Bench.Load.Measure;
using Xunit;

namespace Orchestrator.Bench.Load.Tests;

public sealed class HistogramTests
{
    [Fact]
    public void Ms_AThousandDifferentValues_IsWithinThreePerCent()
    {
        var histogram = new Histogram();
        for (var i = 1; i <= 1_000; i++)
        {
            histogram.Add(i * 100);
        }

        foreach (var share in new[] { 0.001, 0.01, 0.5, 0.9, 0.99, 0.999, 1 })
        {
            var exact = share * 100;
            Assert.InRange(histogram.Ms(share), exact, exact * 1.032);
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(63)]
    [InlineData(64)]
    [InlineData(1_000_000)]
    [InlineData(3_600_000_000)]
    public void Ms_OneValue_IsThatValue(long microseconds)
    {
        var histogram = new Histogram();
        histogram.Add(microseconds);
        Assert.Equal(microseconds / 1000.0, histogram.Ms(0.5));
        Assert.Equal(microseconds, histogram.Max);
    }

    [Fact]
    public void Add_OtherHistogram_CountsBoth()
    {
        var (one, other) = (new Histogram(), new Histogram());
        one.Add(1_000);
        other.Add(50);
        other.Add(2_000_000);
        one.Add(other);
        Assert.Equal((3, 2_000_000), (one.Count, one.Max));
        Assert.Equal(0.05, one.Ms(0.3));
    }
}
