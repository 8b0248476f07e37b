using System.Buffers;
using System.Diagnostics;

namespace Orchestrator.Attach;

/// <summary>
/// Frames in order, numbered without gaps, kept in pooled blocks, audio without its base64 (<see cref="FramePacking"/>):
/// appending copies once and allocates nothing in the steady state, trimming at the front gives blocks back. A frame that was
/// dropped costs nothing for long: its place is given back when the log would have to grow. Not thread-safe.
/// </summary>
internal sealed class FrameLog(long after, ArrayPool<byte>? pool = null) : IDisposable
{
    private readonly ArrayPool<byte> _pool = pool ?? FrameBlocks.OfProcess;
    private Entry[] _ring = new Entry[16];
    private int _head;
    private int _count;
    private int _dropped;
    private Block? _open;
    private Block? _unused;

    /// <summary>Number of the oldest frame, or of the next one when the log is empty.</summary>
    public long First { get; private set; } = after + 1;

    /// <summary>Number of the newest frame.</summary>
    public long Last { get; private set; } = after;

    /// <summary>Bytes of all frames as they came; they are kept in less.</summary>
    public long Bytes { get; private set; }

    /// <summary>Milliseconds of audio in all frames.</summary>
    public long AudioMs { get; private set; }

    /// <summary>Frames that the log has room for before it grows: what it costs beside the bytes.</summary>
    public int Room => _ring.Length;

    /// <summary>The frame of that number; an empty one when it was dropped.</summary>
    public Entry this[long number]
    {
        get
        {
            Debug.Assert(number >= First && number <= Last, "number outside the log");
            var place = Seek(number);
            return place < _count && At(place).Number == number ? At(place) : default;
        }
    }

    /// <returns>The frame's number.</returns>
    public long Append(ReadOnlySpan<byte> payload, ushort traits, int audioMs)
    {
        if (_count == _ring.Length)
        {
            MakeRoom();
        }

        var packing = FramePacking.Of(payload);
        var size = packing.SizeOf(payload.Length);
        var block = BlockFor(size);
        packing.Pack(payload, block.Bytes.AsSpan(block.Used));
        Last++;
        _ring[(_head + _count) & (_ring.Length - 1)] = new Entry(Last, block, payload.Length, audioMs, (ushort)block.Used, traits, packing);
        block.Used += size;
        block.Live++;
        _count++;
        Bytes += payload.Length;
        AudioMs += audioMs;
        return Last;
    }

    /// <summary>Number of the next frame that was not dropped; one more than <see cref="Last"/> when there is none.</summary>
    public long NextAfter(long number)
    {
        for (var place = Seek(number + 1); place < _count; place++)
        {
            if (!At(place).IsDropped)
            {
                return At(place).Number;
            }
        }

        return Last + 1;
    }

    /// <summary>Forgets all frames up to and including the given number.</summary>
    public void TrimTo(long number)
    {
        number = Math.Min(number, Last);
        while (_count > 0 && At(0).Number <= number)
        {
            Free(ref At(0));
            _dropped--;
            _head = (_head + 1) & (_ring.Length - 1);
            _count--;
        }

        First = Math.Max(First, number + 1);
    }

    /// <summary>Gives up a frame's bytes but keeps its number.</summary>
    public void Drop(long number)
    {
        var place = Seek(number);
        if (place < _count && At(place).Number == number)
        {
            Free(ref At(place));
        }
    }

    public void Dispose()
    {
        TrimTo(Last);
        if (_open is { } open)
        {
            Return(open);
        }

        _open = null;
    }

    private ref Entry At(int place) => ref _ring[(_head + place) & (_ring.Length - 1)];

    /// <summary>Place of the oldest entry with this number or a higher one.</summary>
    private int Seek(long number)
    {
        if (_count == 0 || number <= At(0).Number)
        {
            return 0;
        }

        // Without gaps the place is known from either end; with gaps it lies between the two.
        var low = (int)Math.Max(0, _count - 1 - (Last - number));
        var high = (int)Math.Min(_count, number - At(0).Number);
        if (high < _count && At(high).Number == number)
        {
            return high;
        }

        if (low < high && At(low).Number == number)
        {
            return low;
        }

        while (low < high)
        {
            var middle = (low + high) / 2;
            if (At(middle).Number < number)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low;
    }

    /// <summary>A large frame has a block of its own, so that it can leave alone: whole images lie between small frames that stay.</summary>
    private Block BlockFor(int length)
    {
        if (length > FrameBlocks.BlockBytes / 2)
        {
            return NewBlock(length);
        }

        if (_open is { } open && open.Bytes.Length - open.Used >= length)
        {
            return open;
        }

        var previous = _open;
        _open = NewBlock(FrameBlocks.BlockBytes);
        if (previous is { Live: 0 })
        {
            Return(previous);
        }

        return _open;
    }

    private Block NewBlock(int length)
    {
        var block = _unused ?? new Block();
        _unused = block.Next;
        (block.Bytes, block.Used, block.Next) = (_pool.Rent(length), 0, null);
        return block;
    }

    private void Return(Block block)
    {
        _pool.Return(block.Bytes);
        (block.Bytes, block.Next) = ([], _unused);
        _unused = block;
    }

    private void Free(ref Entry entry)
    {
        if (entry.Block is not { } block)
        {
            return;
        }

        Bytes -= entry.Length;
        AudioMs -= entry.AudioMs;
        entry = default(Entry) with { Number = entry.Number };
        _dropped++;
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
            Return(block);
        }
    }

    /// <summary>Doubles, unless giving up the places of dropped frames makes a quarter of the room.</summary>
    private void MakeRoom()
    {
        var target = _dropped * 4 >= _count ? _ring : new Entry[_ring.Length * 2];
        var start = target == _ring ? _head : 0;
        var kept = 0;
        for (var place = 0; place < _count; place++)
        {
            if (!At(place).IsDropped)
            {
                target[(start + kept++) & (target.Length - 1)] = At(place);
            }
        }

        (_ring, _head, _count, _dropped) = (target, start, kept, 0);
    }

    /// <summary>One frame. A dropped one is empty.</summary>
    internal readonly record struct Entry(long Number, Block? Block, int Length, int AudioMs, ushort Offset, ushort Traits, FramePacking Packing)
    {
        public bool IsDropped => Block is null;

        private ReadOnlyMemory<byte> Kept => Block is null ? default : Block.Bytes.AsMemory(Offset, Packing.SizeOf(Length));

        /// <summary>The frame as it came, until what this returns is disposed or the log changes.</summary>
        public Reading Read()
        {
            if (!Packing.IsPacked)
            {
                return new Reading(Kept, rented: null);
            }

            var rented = ArrayPool<byte>.Shared.Rent(Length);
            Packing.Unpack(Kept.Span, rented);
            return new Reading(rented.AsMemory(0, Length), rented);
        }

        /// <summary>The frame as it came, copied.</summary>
        public byte[] ToArray()
        {
            var frame = new byte[Length];
            Packing.Unpack(Kept.Span, frame);
            return frame;
        }
    }

    /// <summary>A frame that is being read: where it is kept, or unpacked.</summary>
    internal readonly ref struct Reading(ReadOnlyMemory<byte> bytes, byte[]? rented)
    {
        public ReadOnlyMemory<byte> Bytes => bytes;

        public void Dispose()
        {
            if (rented is not null)
            {
                ArrayPool<byte>.Shared.Return(rented);
            }
        }
    }

    /// <summary>Rented bytes and how many frames need them.</summary>
    internal sealed class Block
    {
        public byte[] Bytes { get; set; } = [];

        public int Used { get; set; }

        public int Live { get; set; }

        /// <summary>The next one without bytes, while this has none.</summary>
        public Block? Next { get; set; }
    }
}
