using System.Buffers.Text;
using System.Runtime.InteropServices;

namespace Orchestrator.Bench.Load.Traffic;

/// <summary>What the upstream is to do with a frame.</summary>
internal enum Part
{
    /// <summary>Silence after the user's turn, or a pause: nothing comes back.</summary>
    Listen,
    /// <summary>The model answers: a frame of the same length comes back, with the same stamp.</summary>
    Echo,
    /// <summary>The user speaks: nothing comes back, and an answer is owed.</summary>
    Speech,
}

/// <summary>
/// When a frame was due, written into its audio so that it travels through everything that audio travels through: four bits
/// per sample, which is below any floor of speech, at the beginning of the frame, so that it is a whole number of base64
/// characters and can be copied without decoding the rest.
/// </summary>
internal static class Stamp
{
    /// <summary>Samples: sixteen for the time, one for the part, and what makes the bytes a multiple of three.</summary>
    private const int Samples = 18;

    private const int TimeSamples = 16;

    /// <summary>Length once encoded.</summary>
    public const int Characters = Samples * 2 / 3 * 4;

    public static void Write(Span<byte> base64, long due, Part part)
    {
        Span<short> samples = stackalloc short[Samples];
        for (var i = 0; i < TimeSamples; i++)
        {
            samples[i] = (short)((due >> (i * 4)) & 15);
        }

        samples[TimeSamples] = (short)part;
        Base64.EncodeToUtf8(MemoryMarshal.AsBytes(samples), base64, out _, out _);
    }

    /// <returns>False when these are no characters of a stamp.</returns>
    public static bool TryRead(ReadOnlySpan<byte> base64, out long due, out Part part)
    {
        (due, part) = (0, Part.Listen);
        Span<short> samples = stackalloc short[Samples];
        if (base64.Length < Characters
            || Base64.DecodeFromUtf8(base64[..Characters], MemoryMarshal.AsBytes(samples), out _, out var written, isFinalBlock: false) != System.Buffers.OperationStatus.Done
            || written != Samples * 2)
        {
            return false;
        }

        for (var i = 0; i < TimeSamples; i++)
        {
            if (samples[i] is < 0 or > 15)
            {
                return false;
            }

            due |= (long)samples[i] << (i * 4);
        }

        part = (Part)samples[TimeSamples];
        return true;
    }
}
