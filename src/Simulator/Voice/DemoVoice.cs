using System.Buffers.Binary;
using System.Reflection;

namespace Gemini.Live.Simulator.Voice;

/// <summary>One answer of the demo voice: what it says and how it sounds.</summary>
/// <param name="Text">The words.</param>
/// <param name="Pcm">PCM16, 24 kHz, mono.</param>
public sealed record VoiceClip(string Text, ReadOnlyMemory<byte> Pcm);

/// <summary>The demo voice: a few embedded clips (see make-voice.sh), and a synthetic hum for any other text.</summary>
public static class DemoVoice
{
    /// <summary>Samples per second of everything that the model says.</summary>
    public const int Rate = 24_000;

    private static readonly Lazy<IReadOnlyList<VoiceClip>> Loaded = new(Load);

    /// <summary>The clips in the order of phrases.txt.</summary>
    public static IReadOnlyList<VoiceClip> Clips => Loaded.Value;

    /// <summary>
    /// A hum of the given length. Every 40 ms part of it differs from every other and from those of any other
    /// seed, so that a receiver can tell what is missing or came twice.
    /// </summary>
    public static byte[] Hum(TimeSpan length, int seed)
    {
        var samples = (int)(length.TotalSeconds * Rate);
        var pcm = new byte[samples * 2];
        var state = ((uint)seed * 2_654_435_761u) | 1;
        var period = 150;
        for (var i = 0; i < samples; i++)
        {
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            if (i % 960 == 0)
                period = 110 + (int)(state % 90);
            var phase = i % period;
            var value = (16_000 * Math.Min(phase, period - phase) / period) - 4_000 + (int)(state % 401) - 200;
            BinaryPrimitives.WriteInt16LittleEndian(pcm.AsSpan(i * 2), (short)value);
        }
        return pcm;
    }

    private static IReadOnlyList<VoiceClip> Load()
    {
        var assembly = typeof(DemoVoice).Assembly;
        using var reader = new StreamReader(Open(assembly, "phrases.txt"));
        var phrases = reader.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        return [.. phrases.Select((text, i) => new VoiceClip(text, Decode(Open(assembly, $"answer-{i + 1}.ul"))))];
    }

    private static Stream Open(Assembly assembly, string name) =>
        assembly.GetManifestResourceStream("voice/" + name)
        ?? throw new InvalidOperationException($"The resource voice/{name} is not in the assembly.");

    /// <summary>Mu-law at 12 kHz to PCM16 at 24 kHz; the sample between two is their mean.</summary>
    private static byte[] Decode(Stream stream)
    {
        using var memory = new MemoryStream();
        using (stream)
            stream.CopyTo(memory);
        var coded = memory.ToArray();
        var pcm = new byte[coded.Length * 4];
        var last = 0;
        for (var i = 0; i < coded.Length; i++)
        {
            var sample = Expand(coded[i]);
            BinaryPrimitives.WriteInt16LittleEndian(pcm.AsSpan(i * 4), (short)((last + sample) / 2));
            BinaryPrimitives.WriteInt16LittleEndian(pcm.AsSpan((i * 4) + 2), (short)sample);
            last = sample;
        }
        return pcm;
    }

    /// <summary>ITU-T G.711 mu-law.</summary>
    private static int Expand(byte coded)
    {
        var value = (byte)~coded;
        var magnitude = (((value & 0x0F) << 3) + 0x84) << ((value & 0x70) >> 4);
        return (value & 0x80) != 0 ? 0x84 - magnitude : magnitude - 0x84;
    }
}
