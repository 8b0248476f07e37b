using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using Gemini.Live.Scanning;

namespace Orchestrator.Grains.Actor;

/// <summary>
/// Text that a peer wrote in JSON. JSON allows the escape of half a surrogate pair, which no Unicode text has: it becomes
/// U+FFFD here, because it must break neither the conversation nor its journal. The frame itself is passed on as it is.
/// </summary>
internal static class PeerText
{
    public static string Of(ReadOnlySpan<byte> frame, FrameSlice slice) =>
        slice.IsEmpty ? "" : WellFormed(FrameScanner.ReadText(frame, slice));

    /// <summary>The member's text; empty when it is absent or no string.</summary>
    public static string Of(JsonElement element, string name) =>
        element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? Of(value) : "";

    /// <param name="value">A string.</param>
    public static string Of(JsonElement value)
    {
        var raw = JsonMarshal.GetRawUtf8Value(value);
        return Of(raw, new FrameSlice(1, raw.Length - 2));
    }

    private static string WellFormed(string text)
    {
        foreach (var c in text)
        {
            if (char.IsSurrogate(c))
            {
                return Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text));
            }
        }

        return text;
    }
}
