using Orchestrator.Grains.Actor;
using Orchestrator.Attach;
using Xunit;

namespace Orchestrator.Grains.Tests.Actor;

public sealed class FrameLogTests
{
    /// <summary>Random appends, trims and drops against a plain list.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void FrameLog_AnyOrderOfCalls_EqualsAList(int seed)
    {
        var random = new Random(seed);
        var pool = new CountingPool();
        var log = new FrameLog(after: 10, pool);
        var model = new List<(long Number, byte[]? Bytes, int Ms)>();
        var next = 11L;
        for (var i = 0; i < 5_000; i++)
        {
            switch (random.Next(10))
            {
                case < 7:
                    var bytes = new byte[random.Next(50) == 0 ? random.Next(60_000) : random.Next(1_200)];
                    random.NextBytes(bytes);
                    Assert.Equal(next, log.Append(bytes, 1, 20));
                    model.Add((next++, bytes, 20));
                    break;
                case < 9:
                    var to = log.First + random.Next(6) - 1;
                    log.TrimTo(to);
                    model.RemoveAll(e => e.Number <= to);
                    break;
                default:
                    if (model.Count > 0)
                    {
                        var at = random.Next(model.Count);
                        log.Drop(model[at].Number);
                        model[at] = (model[at].Number, null, 0);
                    }

                    break;
            }

            Assert.Equal(next - 1, log.Last);
            Assert.Equal(model.Sum(e => (long)(e.Bytes?.Length ?? 0)), log.Bytes);
            Assert.Equal(model.Sum(e => (long)e.Ms), log.AudioMs);
            if (i % 50 == 0)
            {
                foreach (var (number, expected, _) in model)
                {
                    Assert.Equal(expected is null, log[number].IsDropped);
                    Assert.True(log[number].ToArray().SequenceEqual(expected ?? []));
                    using var read = log[number].Read();
                    Assert.True(read.Bytes.Span.SequenceEqual(expected));
                    Assert.Equal(model.Where(e => e.Number > number && e.Bytes is not null).Select(e => e.Number).FirstOrDefault(next), log.NextAfter(number));
                }
            }
        }

        log.Dispose();
        Assert.Equal(0, pool.Out);
    }

    /// <summary>What is dropped in the middle must not make the log grow for good.</summary>
    [Fact]
    public void FrameLog_OfDroppedFrames_DoesNotGrow()
    {
        using var log = new FrameLog(after: 0);
        log.Append([1], 0, 0);
        for (var n = 2L; n <= 100_000; n++)
        {
            Assert.Equal(n, log.Append([2], 0, 0));
            if (n > 30)
            {
                log.Drop(n - 20);
            }
        }

        Assert.Equal(64, log.Room);
        Assert.Equal((1, 100_000), (log.First, log.Last));
        Assert.Equal(1, log[1].Length);
        Assert.True(log[50_000].IsDropped);
        Assert.Equal(10, log.NextAfter(9));
        Assert.Equal(99_981, log.NextAfter(10));
        log.TrimTo(50_000);
        Assert.Equal(50_001, log.First);
        Assert.Equal(20, log.Bytes);
    }
}
