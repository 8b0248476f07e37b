using System.Numerics;

namespace Orchestrator.Bench.Load.Measure;

/// <summary>
/// Counts of microseconds in buckets that are 3 % wide, from 1 µs to over an hour. One thread writes; whole histograms are added up
/// afterwards.
/// </summary>
internal sealed class Histogram
{
    private const int Bits = 5;
    private const int Steps = 1 << Bits;

    private readonly int[] _counts = new int[(32 - Bits + 1) * Steps];

    public long Count { get; private set; }

    /// <summary>Microseconds, exact.</summary>
    public long Max { get; private set; }

    public void Add(long microseconds)
    {
        var value = Math.Clamp(microseconds, 0, uint.MaxValue);
        _counts[Index((uint)value)]++;
        Count++;
        Max = Math.Max(Max, value);
    }

    public void Add(Histogram other)
    {
        for (var i = 0; i < _counts.Length; i++)
        {
            _counts[i] += other._counts[i];
        }

        Count += other.Count;
        Max = Math.Max(Max, other.Max);
    }

    public void Clear()
    {
        Array.Clear(_counts);
        (Count, Max) = (0, 0);
    }

    /// <summary>Milliseconds that this share of the values does not exceed, to 3 %; 0 when there are none.</summary>
    public double Ms(double share)
    {
        var wanted = (long)Math.Ceiling(share * Count);
        long seen = 0;
        for (var i = 0; i < _counts.Length; i++)
        {
            seen += _counts[i];
            if (seen >= wanted && seen > 0)
            {
                return Math.Min(Highest(i), Max) / 1000.0;
            }
        }

        return 0;
    }

    private static int Index(uint value)
    {
        var shift = Math.Max(0, 31 - BitOperations.LeadingZeroCount(value) - Bits);
        return (shift * Steps) + (int)(value >> shift);
    }

    /// <summary>The highest value of a bucket.</summary>
    private static long Highest(int index)
    {
        var shift = Math.Max(0, (index / Steps) - 1);
        return (((long)(index - (shift * Steps)) + 1) << shift) - 1;
    }
}
