using Gemini.Live.Audio;
using Gemini.Live.Scanning;
using Orchestrator.Attach;

namespace Orchestrator.Api.Live;

/// <summary>What a scanned client frame is to the grain; whether its audio is voiced is decided here, once.</summary>
internal static class InputFrames
{
    /// <summary>Samples per second where the type does not say (dossier §2.5).</summary>
    private const int DefaultRate = 16_000;

    public static InputFrame Of(ReadOnlyMemory<byte> payload, in ClientFrame frame, double silenceDbfs)
    {
        var (traits, audioMs) = frame.Kind switch
        {
            ClientMessageKind.RealtimeInput => Realtime(payload.Span, frame, silenceDbfs),
            ClientMessageKind.ClientContent => (InputTraits.ClientContent | (frame.TurnComplete ? InputTraits.ContentComplete : InputTraits.None), 0),
            ClientMessageKind.ToolResponse => (InputTraits.ToolResponse, 0),
            _ => (InputTraits.ContextUpdate, 0),
        };
        return new InputFrame(payload, traits, audioMs);
    }

    private static (InputTraits Traits, int AudioMs) Realtime(ReadOnlySpan<byte> payload, in ClientFrame frame, double silenceDbfs)
    {
        var traits = InputTraits.None;
        var audioMs = 0;
        if ((frame.Realtime & RealtimeParts.Audio) != 0)
        {
            traits |= InputTraits.Audio;
            var data = frame.AudioData.Of(payload);
            var type = frame.AudioMimeType.Of(payload);
            audioMs = PcmLevel.DurationMs(data, type, DefaultRate, out _);
            // A format that we cannot judge is never silence.
            if (!PcmLevel.IsPcm(type) || PcmLevel.IsVoiced(data, silenceDbfs))
            {
                traits |= InputTraits.Voiced;
            }
        }

        traits |= Trait(frame.Realtime, RealtimeParts.Video, InputTraits.Video)
            | Trait(frame.Realtime, RealtimeParts.Text, InputTraits.Text)
            | Trait(frame.Realtime, RealtimeParts.ActivityStart, InputTraits.ActivityStart)
            | Trait(frame.Realtime, RealtimeParts.ActivityEnd, InputTraits.ActivityEnd)
            | Trait(frame.Realtime, RealtimeParts.AudioStreamEnd, InputTraits.AudioStreamEnd);
        return (traits, audioMs);
    }

    private static InputTraits Trait(RealtimeParts parts, RealtimeParts part, InputTraits trait) =>
        (parts & part) != 0 ? trait : InputTraits.None;
}
