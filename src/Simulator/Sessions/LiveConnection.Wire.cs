using System.Text;
using System.Text.Json;
using Gemini.Live.Simulator.Protocol;

namespace Gemini.Live.Simulator.Sessions;

/// <summary>The bounded record of frames; audio is a byte count.</summary>
public sealed partial class LiveConnection
{
    private const int LongestText = 2_000;

    private void LogReceived(int bytes, JsonElement message)
    {
        if (_session is null)
            return;
        var data = message.Get("realtimeInput").Get("audio").Get("data");
        if (data.Exists())
            Add(received: true, bytes, System.Runtime.InteropServices.JsonMarshal.GetRawUtf8Value(data).Trim("\"="u8).Length * 3 / 4, null);
        else
            Add(received: true, bytes, 0, Short(message.GetRawText()));
    }

    private void LogSent(byte[] frame, int audioBytes, string? transcript)
    {
        if (_session is not null)
            Add(received: false, frame.Length, audioBytes, audioBytes > 0 ? transcript : Encoding.UTF8.GetString(frame));
    }

    private void LogClose(int? code, string reason, bool byClient) =>
        Add(byClient, 0, 0, JsonSerializer.Serialize(new { close = code, reason }));

    private void Add(bool received, int bytes, int audio, string? text)
    {
        var wire = _session!.Wire;
        wire.Enqueue(new WireFrame((_now - _session.CreatedAt).TotalMilliseconds, received, Number, bytes, audio, text));
        while (wire.Count > _options.WireLogFrames)
            wire.Dequeue();
    }

    /// <summary>A long frame (an image, a seed) is shown by its beginning.</summary>
    private static string Short(string json) =>
        json.Length <= LongestText ? json : JsonSerializer.Serialize(new { cut = json[..LongestText] });
}
