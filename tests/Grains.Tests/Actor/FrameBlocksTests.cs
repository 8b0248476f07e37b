using Orchestrator.Attach;
using Xunit;

namespace Orchestrator.Grains.Tests.Actor;

public sealed class FrameBlocksTests
{
    [Fact]
    public void Blocks_ThatComeBack_AreUsedAgain()
    {
        var pool = new FrameBlocks();
        var block = pool.Rent(FrameBlocks.BlockBytes);
        Assert.Equal(FrameBlocks.BlockBytes, block.Length);
        pool.Return(block);
        Assert.Same(block, pool.Rent(FrameBlocks.BlockBytes));
    }

    /// <summary>Memory follows the load down: what waits is a share of what is in use.</summary>
    [Fact]
    public void Blocks_WhenTheLoadFalls_DoNotAllWait()
    {
        var pool = new FrameBlocks();
        var blocks = Enumerable.Range(0, 4_000).Select(_ => pool.Rent(FrameBlocks.BlockBytes)).ToArray();
        for (var n = 0; n < blocks.Length; n++)
        {
            pool.Return(blocks[n]);
            Assert.InRange(pool.Waiting, 1, Math.Max(64, (blocks.Length - n) / 8));
        }

        Assert.Equal(64, pool.Waiting);
    }

    /// <summary>Large frames have arrays of the shared pool; none of them is taken for a block, whatever its length.</summary>
    [Theory]
    [InlineData(5_000)]
    [InlineData(8_192)]
    [InlineData(100_000)]
    public void ArraysOfOtherLengths_AreNoBlocks(int length)
    {
        var pool = new FrameBlocks();
        var array = pool.Rent(length);
        Assert.InRange(array.Length, length, int.MaxValue);
        pool.Return(array);
        Assert.Equal(0, pool.Waiting);
    }
}
