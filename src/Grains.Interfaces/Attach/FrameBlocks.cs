using System.Buffers;

namespace Orchestrator.Attach;

/// <summary>
/// Blocks of all logs of frames. The shared pool keeps a few dozen arrays of a size and leaves the rest to the collector, while
/// the logs of some hundred conversations hold thousands and exchange them by the second: the heap would fill with dead blocks and
/// with the holes that they leave. Here as many wait as a share of those in use, so that memory follows the load down again.
/// </summary>
internal sealed class FrameBlocks : ArrayPool<byte>
{
    /// <summary>A dozen audio frames of 20 ms. Not a power of two, so that no array of the shared pool is taken for a block.</summary>
    public const int BlockBytes = (8 * 1024) - 32;

    /// <summary>So many may always wait: half a megabyte.</summary>
    private const int Least = 64;

    /// <summary>Beyond that one may wait for each so many in use.</summary>
    private const int Share = 8;

    private readonly Lock _gate = new();
    private readonly Stack<byte[]> _waiting = new();
    private int _out;

    /// <summary>The process's.</summary>
    public static FrameBlocks OfProcess { get; } = new();

    /// <summary>Blocks that wait for their next use.</summary>
    public int Waiting
    {
        get
        {
            lock (_gate)
            {
                return _waiting.Count;
            }
        }
    }

    public override byte[] Rent(int minimumLength)
    {
        if (minimumLength != BlockBytes)
        {
            return Shared.Rent(minimumLength);
        }

        lock (_gate)
        {
            _out++;
            if (_waiting.TryPop(out var block))
            {
                return block;
            }
        }

        return GC.AllocateUninitializedArray<byte>(BlockBytes);
    }

    public override void Return(byte[] array, bool clearArray = false)
    {
        if (array.Length != BlockBytes)
        {
            Shared.Return(array, clearArray);
            return;
        }

        lock (_gate)
        {
            _out--;
            var most = Math.Max(Least, _out / Share);
            if (_waiting.Count < most)
            {
                _waiting.Push(array);
            }
            else if (_waiting.Count > most)
            {
                _waiting.Pop(); // the load falls
            }
        }
    }
}
