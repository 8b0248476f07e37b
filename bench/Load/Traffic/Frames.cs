using System.Text;

namespace Orchestrator.Bench.Load.Traffic;

/// <summary>The frames of the load, as bytes: 20 ms of audio each way, at the rates of Gemini Live.</summary>
internal static class Frames
{
    public const int Milliseconds = 20;

    /// <summary>16 kHz, 16 bit.</summary>
    private const int UserBytes = 640;

    /// <summary>24 kHz, 16 bit: the same 20 ms.</summary>
    private const int ModelBytes = 960;

    /// <summary>What every audio frame of the client begins with; the stamp follows.</summary>
    public static readonly byte[] UserPrefix = "{\"realtimeInput\":{\"audio\":{\"data\":\""u8.ToArray();

    /// <summary>What every audio frame of the model begins with; the stamp follows.</summary>
    public static readonly byte[] ModelPrefix =
        "{\"serverContent\":{\"modelTurn\":{\"parts\":[{\"inlineData\":{\"mimeType\":\"audio/pcm;rate=24000\",\"data\":\""u8.ToArray();

    /// <summary>A user's frame without a stamp: loud enough for any activity detection, or as quiet as a muted microphone.</summary>
    public static byte[] User(bool voiced) => [.. UserPrefix, .. Audio(UserBytes, voiced ? 6_000 : 4), .. "\",\"mimeType\":\"audio/pcm;rate=16000\"}}}"u8];

    /// <summary>A model's frame without a stamp.</summary>
    public static byte[] Model() => [.. ModelPrefix, .. Audio(ModelBytes, 6_000), .. "\"}}]}}}"u8];

    private static byte[] Audio(int bytes, int amplitude)
    {
        // Noise, so that the base64 is as varied as that of speech.
        var random = new Random(bytes);
        var pcm = new byte[bytes];
        for (var i = 0; i < bytes; i += 2)
        {
            BitConverter.TryWriteBytes(pcm.AsSpan(i), (short)random.Next(-amplitude, amplitude + 1));
        }

        return Encoding.ASCII.GetBytes(Convert.ToBase64String(pcm));
    }
}
