using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Gemini.Live.Simulator.Sessions;

/// <summary>The bounded record of frames; audio is a byte count.</summary>
public sealed partial class LiveConnection
{
    private void Log(bool received, int bytes, JsonElement message)
    {
        if (_session is not null)
            Add(received, bytes, Shorten(message.GetRawText()));
    }

    private void LogSetup(JsonElement setup) => Add(received: true, setup.GetRawText().Length, $$"""{"setup":{{Shorten(setup.GetRawText())}}}""");

    private void Log(byte[] frame, int audioBytes)
    {
        if (_session is null)
            return;
        var text = Encoding.UTF8.GetString(frame);
        Add(received: false, frame.Length, audioBytes > 0 ? Shorten(text) : text);
    }

    private void LogClose(int? code, string reason, bool byClient) =>
        Add(byClient, 0, JsonSerializer.Serialize(new { close = code, reason }));

    private void Add(bool received, int bytes, string text)
    {
        var wire = _session!.Wire;
        wire.Enqueue(new WireFrame((_now - _session.CreatedAt).TotalMilliseconds, received, Number, bytes, text));
        while (wire.Count > _options.WireLogFrames)
            wire.Dequeue();
    }

    private static string Shorten(string json) => LongData().Replace(json,
        match => string.Create(CultureInfo.InvariantCulture, $"\"data\":\"<{match.Groups["data"].ValueSpan.TrimEnd('=').Length * 3 / 4} bytes>\""));

    [GeneratedRegex("\"data\"\\s*:\\s*\"(?<data>[A-Za-z0-9+/=_-]{32,})\"", RegexOptions.NonBacktracking)]
    private static partial Regex LongData();
}
