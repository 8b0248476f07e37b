using System.Buffers;
using System.Buffers.Text;
using System.Numerics;
using System.Runtime.InteropServices;
using System.Text;

namespace Gemini.Live.Audio;

/// <summary>What can be said about inline PCM (16 bit, little endian, mono) while it is still base64. Never allocates.</summary>
public static class PcmLevel
{
    /// <summary>Rate of client audio whose type names none (dossier §2.5).</summary>
    public const int InputRate = 16_000;

    /// <summary>Rate of model audio, also where Vertex leaves it out (dossier §3.2).</summary>
    public const int OutputRate = 24_000;

    // 10 ms at 16 kHz: short enough that an onset at the end of a long chunk is not averaged away.
    private const int WindowSamples = 160;

    // 2,560 characters decode to 1,920 bytes, six windows.
    private const int BlockChars = 2_560;
    private const int BlockBytes = BlockChars / 4 * 3;

    /// <summary>Size of the data once decoded, from its length; padded or not, with or without JSON escapes.</summary>
    public static int DecodedBytes(ReadOnlySpan<byte> base64)
    {
        if (base64.Contains((byte)'\\'))
        {
            return DecodedBytesOfEscaped(base64);
        }

        var characters = base64.Length;
        while (characters > 0 && base64[characters - 1] == '=')
        {
            characters--;
        }

        return (int)(characters * 3L / 4);
    }

    /// <summary>True for <c>audio/pcm</c>, with or without parameters; the slash may be escaped.</summary>
    public static bool IsPcm(ReadOnlySpan<byte> mimeType) =>
        StartsWith(mimeType, "audio/pcm"u8) || StartsWith(mimeType, "audio\\/pcm"u8);

    /// <summary>The <c>rate=</c> of a type such as <c>audio/pcm;rate=16000</c>; the default when it has none that makes sense.</summary>
    public static int SampleRate(ReadOnlySpan<byte> mimeType, int defaultRate)
    {
        var at = mimeType.IndexOf("rate="u8);
        return at >= 0 && Utf8Parser.TryParse(mimeType[(at + 5)..], out int rate, out _) && rate is >= 1_000 and <= 384_000
            ? rate
            : defaultRate;
    }

    /// <summary>Duration of base64 PCM in milliseconds, rounded down; 0 when the type is not PCM.</summary>
    public static int DurationMs(ReadOnlySpan<byte> base64, ReadOnlySpan<byte> mimeType, int defaultRate, out int sampleRate) =>
        DurationMs(DecodedBytes(base64), mimeType, defaultRate, out sampleRate);

    /// <summary>Duration of PCM bytes in milliseconds, rounded down; 0 when the type is not PCM.</summary>
    public static int DurationMs(int bytes, ReadOnlySpan<byte> mimeType, int defaultRate, out int sampleRate)
    {
        sampleRate = SampleRate(mimeType, defaultRate);
        return IsPcm(mimeType) ? (int)(bytes * 1000L / (2L * sampleRate)) : 0;
    }

    /// <summary>
    /// Whether any 10 ms of the audio is as loud as the floor (RMS in dB below full scale). Errs towards voiced:
    /// what cannot be decoded is. Data that decodes to nothing is not.
    /// </summary>
    public static bool IsVoiced(ReadOnlySpan<byte> base64Pcm, double floorDbfs)
    {
        // Compare energies, not logarithms: one power per call instead of one logarithm per window.
        var floor = Math.Pow(10, floorDbfs / 10) * 32768.0 * 32768.0;
        Span<byte> block = stackalloc byte[BlockBytes];
        while (!base64Pcm.IsEmpty)
        {
            var take = Math.Min(BlockChars, base64Pcm.Length);
            var status = Base64.DecodeFromUtf8(base64Pcm[..take], block, out var consumed, out var written, isFinalBlock: take == base64Pcm.Length);
            if (status != OperationStatus.Done || consumed != take)
            {
                return true;
            }

            if (AnyWindowReaches(MemoryMarshal.Cast<byte, short>(block[..written]), floor))
            {
                return true;
            }

            base64Pcm = base64Pcm[take..];
        }

        return false;
    }

    private static bool AnyWindowReaches(ReadOnlySpan<short> samples, double floor)
    {
        while (!samples.IsEmpty)
        {
            var window = samples[..Math.Min(WindowSamples, samples.Length)];
            if (Energy(window) >= floor * window.Length)
            {
                return true;
            }

            samples = samples[window.Length..];
        }

        return false;
    }

    /// <summary>Sum of squares.</summary>
    private static double Energy(ReadOnlySpan<short> samples)
    {
        var sum = Vector<float>.Zero;
        var wide = MemoryMarshal.Cast<short, Vector<short>>(samples);
        foreach (var some in wide)
        {
            Vector.Widen(some, out var low, out var high);
            var (a, b) = (Vector.ConvertToSingle(low), Vector.ConvertToSingle(high));
            sum += (a * a) + (b * b);
        }

        double energy = Vector.Sum(sum);
        foreach (var sample in samples[(wide.Length * Vector<short>.Count)..])
        {
            energy += (double)sample * sample;
        }

        return energy;
    }

    private static int DecodedBytesOfEscaped(ReadOnlySpan<byte> base64)
    {
        // Base64 has three characters that serialisers like to escape: '/' as \/, '+' and '=' as \u002b and \u003d.
        var characters = 0;
        for (var i = 0; i < base64.Length; i++)
        {
            var padding = base64[i] == '=';
            if (base64[i] == '\\')
            {
                var unicode = i + 1 < base64.Length && base64[i + 1] == 'u';
                padding = unicode && i + 5 < base64.Length && (base64[i + 5] | 0x20) == 'd';
                i += unicode ? 5 : 1;
            }

            characters += padding ? 0 : 1;
        }

        return (int)(characters * 3L / 4);
    }

    private static bool StartsWith(ReadOnlySpan<byte> text, ReadOnlySpan<byte> lower) =>
        text.Length >= lower.Length && Ascii.EqualsIgnoreCase(text[..lower.Length], lower);
}
