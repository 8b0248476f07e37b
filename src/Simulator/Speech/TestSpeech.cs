namespace Gemini.Live.Simulator.Speech;

/// <summary>
/// Speech that can be checked: PCM16, 16 kHz, mono, made of numbered words of 300 ms. A word is a voiced
/// waveform computed from its number in integer arithmetic, so the same on every machine; it is recognised
/// only if each of its 4,800 samples is intact. A lost, repeated, reordered or altered sample is therefore
/// visible in the transcript: <c>w1 w2 ? w4</c>. The pattern does not survive resampling or lossy coding.
/// </summary>
public static class TestSpeech
{
    /// <summary>Samples per second.</summary>
    public const int Rate = 16_000;

    /// <summary>Samples of one word: 300 ms.</summary>
    public const int WordSamples = 4_800;

    /// <summary>Largest word number.</summary>
    public const int MaxIndex = (1 << 28) - 1;

    /// <summary>First samples of every word; no other place of the pattern reaches these values.</summary>
    internal static ReadOnlySpan<short> Marker => [21_845, -23_130, 19_789, -20_817, 24_415, -18_761, 22_359, -24_672];

    private const int HeaderSamples = 10;

    /// <summary>The samples of word <paramref name="index"/> (0 to <see cref="MaxIndex"/>).</summary>
    public static short[] Word(int index)
    {
        var samples = new short[WordSamples];
        WriteWord(index, samples);
        return samples;
    }

    /// <summary>Words <paramref name="first"/> to <paramref name="first"/> + <paramref name="count"/> - 1 without pauses, as little-endian PCM16.</summary>
    public static byte[] Words(int first, int count)
    {
        var samples = new short[count * WordSamples];
        for (var i = 0; i < count; i++)
            WriteWord(first + i, samples.AsSpan(i * WordSamples, WordSamples));
        return Bytes(samples);
    }

    /// <summary>Digital silence of the given length, as PCM16.</summary>
    public static byte[] Silence(TimeSpan length) => new byte[(int)(length.TotalSeconds * Rate) * 2];

    /// <summary>A quiet hiss (peak amplitude <paramref name="amplitude"/>) that no activity detection should take for speech.</summary>
    public static byte[] Noise(TimeSpan length, int seed, short amplitude = 40)
    {
        var samples = new short[(int)(length.TotalSeconds * Rate)];
        var state = (uint)seed | 1;
        foreach (ref var sample in samples.AsSpan())
            sample = (short)((int)(Next(ref state) % (uint)((2 * amplitude) + 1)) - amplitude);
        return Bytes(samples);
    }

    /// <summary>The transcript of PCM16 audio at 16 kHz: <c>w7</c> for an intact word, <c>?</c> for voiced audio that is no intact word.</summary>
    public static IReadOnlyList<string> Decode(ReadOnlySpan<byte> pcm)
    {
        var decoder = new TestSpeechDecoder();
        decoder.Push(pcm);
        decoder.Finish();
        return [.. decoder.Take()];
    }

    internal static void WriteWord(int index, Span<short> into)
    {
        Marker.CopyTo(into);
        into[8] = (short)(index & 0x3FFF);
        into[9] = (short)(index >> 14);
        // A triangle wave whose pitch depends on the word (100-200 Hz) under a little noise: voiced to any
        // energy detector, different at every sample of every word.
        var period = 80 + ((index * 37) & 0x3F);
        var state = ((uint)index * 2_654_435_761u) | 1;
        for (var i = HeaderSamples; i < into.Length; i++)
        {
            var phase = i % period;
            var triangle = (24_000 * Math.Min(phase, period - phase) / period) - 6_000;
            into[i] = (short)(triangle + (int)(Next(ref state) % 1_201) - 600);
        }
    }

    internal static int IndexOf(ReadOnlySpan<short> header) => (ushort)header[8] | ((ushort)header[9] << 14);

    private static uint Next(ref uint state)
    {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        return state;
    }

    private static byte[] Bytes(ReadOnlySpan<short> samples)
    {
        var bytes = new byte[samples.Length * 2];
        for (var i = 0; i < samples.Length; i++)
            System.Buffers.Binary.BinaryPrimitives.WriteInt16LittleEndian(bytes.AsSpan(i * 2), samples[i]);
        return bytes;
    }
}
