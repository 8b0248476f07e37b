using System.Text;

namespace Orchestrator.Silo.WarmUp;

/// <summary>What the client of a warm-up says: its setup, speech and silence, 20 ms a frame.</summary>
public static class WarmUpTalk
{
    /// <summary>Turns of a conversation: one that is answered, one whose connection is lost and whose reply is followed by goAway, one behind that.</summary>
    public const int Turns = 3;

    private const int SpeechFrames = 10;
    private const int FrameBytes = 640;
    private const short Loud = 6_000;

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(1);

    /// <summary>Automatic activity, both transcriptions, resumption: what most clients ask for.</summary>
    public static readonly byte[] Setup = Encoding.UTF8.GetBytes(
        """
        {"setup":{"model":"models/gemini-2.5-flash-native-audio-preview-12-2025","generationConfig":{"responseModalities":["AUDIO"]},
        "inputAudioTranscription":{},"outputAudioTranscription":{},"sessionResumption":{}}}
        """);

    /// <summary>A frame with a voice in it.</summary>
    public static readonly byte[] Speech = Audio(Loud);

    /// <summary>A frame without.</summary>
    public static readonly byte[] Silence = Audio(0);

    /// <summary>Speaks, and listens with an open microphone until the reply is over.</summary>
    /// <param name="say">Sends a frame of audio; true for a voiced one.</param>
    /// <param name="heard">Replies that were heard to their end.</param>
    public static async Task TurnAsync(Func<bool, ValueTask> say, Func<int> heard, CancellationToken cancellation)
    {
        var before = heard();
        for (var i = 0; i < SpeechFrames; i++)
        {
            await say(true);
        }

        while (heard() == before)
        {
            await say(false);
            await Task.Delay(Pause, TimeProvider.System, cancellation);
        }
    }

    private static byte[] Audio(short amplitude)
    {
        var pcm = new byte[FrameBytes];
        for (var i = 0; i < FrameBytes; i += 4)
        {
            BitConverter.TryWriteBytes(pcm.AsSpan(i), amplitude);
        }

        return Encoding.ASCII.GetBytes("{\"realtimeInput\":{\"audio\":{\"data\":\"" + Convert.ToBase64String(pcm) + "\",\"mimeType\":\"audio/pcm;rate=16000\"}}}");
    }
}
