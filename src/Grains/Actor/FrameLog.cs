using System.Buffers;
using System.Diagnostics;

namespace Orchestrator.Grains.Actor;

/// <summary>
/// Frames in order, numbered without gaps, their bytes packed into pooled blocks: appending copies once and
/// allocates nothing in the steady state, trimming at the front gives blocks back. Not thread-safe.
/// </summary>
internal sealed class FrameLog(long after) : IDisposable
{
    /// <summary>Bytes of a block; about 18 audio frames of 20 ms.</summary>
    private const int BlockBytes = 16 * 1024;

    private Entry[] _ring = new Entry[16];
    private int _head;
    private int _count;
    private Block? _open;

    /// <summary>Number of the oldest frame, or of the next one when the log is empty.</summary>
    public long First { get; private set; } = after + 1;

    /// <summary>Number of the newest frame.</summary>
    public long Last => First + _count - 1;

    /// <summary>Bytes of all frames.</summary>
    public long Bytes { get; private set; }

    /// <summary>Milliseconds of audio in all frames.</summary>
    public long AudioMs { get; private set; }

    public Entry this[long number]
    {
        get
        {
            Debug.Assert(number >= First && number <= Last, "number outside the log");
            return _ring[Index(number)];
        }
    }

    /// <returns>The frame's number.</returns>
    public long Append(ReadOnlySpan<byte> payload, ushort traits, int audioMs)
    {
        if (_count == _ring.Length)
        {
            Grow();
        }

        var block = BlockFor(payload.Length);
        payload.CopyTo(block.Bytes.AsSpan(block.Used));
        _ring[(_head + _count) & (_ring.Length - 1)] = new Entry(block, block.Used, payload.Length, traits, audioMs);
        block.Used += payload.Length;
        block.Live++;
        _count++;
        Bytes += payload.Length;
        AudioMs += audioMs;
        return Last;
    }

    /// <summary>Forgets all frames up to and including the given number.</summary>
    public void TrimTo(long number)
    {
        while (_count > 0 && First <= number)
        {
            Free(ref _ring[_head]);
            _head = (_head + 1) & (_ring.Length - 1);
            _count--;
            First++;
        }
    }

    /// <summary>Gives up a frame's bytes but keeps its number.</summary>
    public void Drop(long number) => Free(ref _ring[Index(number)]);

    public void Dispose()
    {
        TrimTo(Last);
        if (_open is not null)
        {
            ArrayPool<byte>.Shared.Return(_open.Bytes);
            _open = null;
        }
    }

    private int Index(long number) => (int)(_head + (number - First)) & (_ring.Length - 1);

    private Block BlockFor(int length)
    {
        if (_open is { } open && open.Bytes.Length - open.Used >= length)
        {
            return open;
        }

        var previous = _open;
        _open = new Block(ArrayPool<byte>.Shared.Rent(Math.Max(BlockBytes, length)));
        if (previous is { Live: 0 })
        {
            ArrayPool<byte>.Shared.Return(previous.Bytes);
        }

        return _open;
    }

    private void Free(ref Entry entry)
    {
        if (entry.Block is not { } block)
        {
            return;
        }

        Bytes -= entry.Length;
        AudioMs -= entry.AudioMs;
        entry = default;
        if (--block.Live > 0)
        {
            return;
        }

        if (block == _open)
        {
            block.Used = 0;
        }
        else
        {
            ArrayPool<byte>.Shared.Return(block.Bytes);
        }
    }

    private void Grow()
    {
        var larger = new Entry[_ring.Length * 2];
        for (var i = 0; i < _count; i++)
        {
            larger[i] = _ring[(_head + i) & (_ring.Length - 1)];
        }

        (_ring, _head) = (larger, 0);
    }

    /// <summary>One frame. A dropped one is empty.</summary>
    internal readonly record struct Entry(Block? Block, int Offset, int Length, ushort Traits, int AudioMs)
    {
        public bool IsDropped => Block is null;

        public ReadOnlyMemory<byte> Payload => Block is null ? default : Block.Bytes.AsMemory(Offset, Length);
    }

    internal sealed class Block(byte[] bytes)
    {
        public byte[] Bytes { get; } = bytes;

        public int Used { get; set; }

        public int Live { get; set; }
    }
}
