using System.Buffers;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using Gemini.Live.Scanning;

namespace Gemini.Live.Setup;

/// <summary>
/// The setup frame for one link. Every member of the client's stays byte by byte, except: <c>sessionResumption</c> is
/// ours (never <c>transparent</c>: only Vertex knows it, and it is for clients that number their messages); both transcriptions are switched on, because the
/// transcript needs them; <c>contextWindowCompression</c> gets a sliding window where the client named nothing, so that
/// a session does not end with a full context (an empty object was reported to fail with 1007); and <c>model</c>, where
/// the endpoint knows it under another name.
/// </summary>
public static class UpstreamSetup
{
    /// <param name="handle">Our handle to resume with; null for a fresh session.</param>
    /// <param name="model">Name of the model on the endpoint (<see cref="Links.ModelNames"/>); null for the client's own.</param>
    /// <param name="initialHistory">A history follows that is not to be answered (<c>historyConfig</c>); replaces what the client said of that.</param>
    public static byte[] Write(SetupPlan plan, string? handle, string? model = null, bool initialHistory = false)
    {
        var renamed = model is not null && model != plan.Model;
        var setup = JsonMarshal.GetRawUtf8Value(plan.Setup);
        var removed = new List<FrameSlice>();
        var (hears, speaks, compresses) = (false, false, false);
        foreach (var member in SetupMembers.Of(setup))
        {
            var absent = member.Type == JsonTokenType.Null;
            if (member.Is("sessionResumption"u8, "session_resumption"u8))
            {
                removed.Add(member.Whole);
            }
            else if (initialHistory && member.Is("historyConfig"u8, "history_config"u8))
            {
                removed.Add(member.Whole);
            }
            else if (renamed && member.Is("model"u8, "model"u8))
            {
                removed.Add(member.Whole);
            }
            else if (member.Is("inputAudioTranscription"u8, "input_audio_transcription"u8))
            {
                hears = Keep(member, !absent, removed);
            }
            else if (member.Is("outputAudioTranscription"u8, "output_audio_transcription"u8))
            {
                speaks = Keep(member, !absent, removed);
            }
            else if (member.Is("contextWindowCompression"u8, "context_window_compression"u8))
            {
                var empty = member.IsObject && SetupMembers.Of(member.Value.Of(setup)).Count == 0;
                compresses = Keep(member, !absent && !empty, removed);
            }
        }

        var kept = new ArrayBufferWriter<byte>(setup.Length + 1);
        FrameEditor.WriteWithout(setup, CollectionsMarshal.AsSpan(removed), kept);

        var frame = new ArrayBufferWriter<byte>(setup.Length + 512);
        frame.Write("{\"setup\":"u8);
        var body = kept.WrittenSpan[..kept.WrittenSpan.LastIndexOf((byte)'}')].TrimEnd(" \t\r\n"u8);
        frame.Write(body);
        frame.Write(body.Length > 1 ? ","u8 : ""u8);
        frame.Write(renamed ? Encoding.UTF8.GetBytes($"\"model\":\"{JsonEncodedText.Encode(model!)}\",") : ""u8);
        frame.Write("\"sessionResumption\":"u8);
        frame.Write(handle is null ? "{}"u8 : Encoding.UTF8.GetBytes($"{{\"handle\":\"{JsonEncodedText.Encode(handle)}\"}}"));
        frame.Write(hears ? ""u8 : ",\"inputAudioTranscription\":{}"u8);
        frame.Write(speaks ? ""u8 : ",\"outputAudioTranscription\":{}"u8);
        frame.Write(compresses ? ""u8 : ",\"contextWindowCompression\":{\"slidingWindow\":{}}"u8);
        frame.Write(initialHistory ? ",\"historyConfig\":{\"initialHistoryInClientContent\":true}"u8 : ""u8);
        frame.Write("}}"u8);
        return frame.WrittenSpan.ToArray();
    }

    /// <summary>True when a frame that <see cref="Write"/> wrote presents a handle.</summary>
    public static bool PresentsHandle(ReadOnlySpan<byte> frame) => frame.IndexOf("\"sessionResumption\":{\"handle\":"u8) >= 0;

    private static bool Keep(SetupMember member, bool keep, List<FrameSlice> removed)
    {
        if (!keep)
        {
            removed.Add(member.Whole);
        }

        return keep;
    }
}
