using System.Buffers;
using Xunit;

namespace Orchestrator.Grains.Tests.Actor;

/// <summary>A pool that knows what is out, and spoils what comes back, so that nobody reads it unnoticed.</summary>
internal sealed class CountingPool : ArrayPool<byte>
{
    private readonly HashSet<byte[]> _out = [];
    private readonly Dictionary<int, Stack<byte[]>> _free = [];

    public int Out => _out.Count;

    public long OutBytes => _out.Sum(array => (long)array.Length);

    public override byte[] Rent(int minimumLength)
    {
        var length = Math.Max(16, (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)minimumLength));
        var array = _free.TryGetValue(length, out var free) && free.TryPop(out var known) ? known : new byte[length];
        _out.Add(array);
        return array;
    }

    public override void Return(byte[] array, bool clearArray = false)
    {
        Assert.True(_out.Remove(array), "Returned twice, or not ours.");
        array.AsSpan().Fill(0xDD);
        if (!_free.TryGetValue(array.Length, out var free))
        {
            _free[array.Length] = free = [];
        }

        free.Push(array);
    }
}
