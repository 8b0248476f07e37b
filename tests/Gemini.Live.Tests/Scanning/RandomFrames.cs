using System.Globalization;
using System.Text;

namespace Gemini.Live.Tests.Scanning;

/// <summary>Random JSON that looks like Live frames: both spellings, escapes, duplicates, nulls, wrong types, odd spaces.</summary>
internal sealed class RandomFrames(int seed)
{
    private static readonly string[] Texts = ["", "Hi", " my balance", "é\n\"", "😀", "a\\b", "IDLE", "\u0001", "AAAA", "50s", "audio/pcm;rate=24000", "image/png", "audio/pcm"];

    private readonly Random _random = new(seed);

    public string Client() => Object(0,
    [
        ("setup", () => Object(1, [("model", Text), ("generationConfig", Anything)])),
        ("clientContent", () => Object(1, [("turns", Anything), ("turnComplete", Bool)])),
        ("realtimeInput", Realtime),
        ("realtimeInput", Realtime),
        ("toolResponse", Anything),
        ("contextUpdate", Anything),
        ("somethingNew", Anything),
    ], most: 2);

    public string Server() => Object(0,
    [
        ("setupComplete", Anything),
        ("serverContent", ServerContent),
        ("serverContent", ServerContent),
        ("serverContent", ServerContent),
        ("toolCall", Anything),
        ("toolCallCancellation", Anything),
        ("usageMetadata", Anything),
        ("goAway", () => Object(1, [("timeLeft", Text)])),
        ("sessionResumptionUpdate", () => Object(1, [("newHandle", Text), ("resumable", Bool), ("lastConsumedClientMessageIndex", Text)])),
        ("voiceActivity", Anything),
        ("voiceActivityDetectionSignal", Anything),
        ("interactionStatus", Status),
        ("brandNew", Anything),
    ], most: 4);

    /// <summary>The same bytes with some of them changed, cut or repeated.</summary>
    public byte[] Damaged(byte[] frame)
    {
        var bytes = new List<byte>(frame);
        for (var i = _random.Next(1, 4); i > 0 && bytes.Count > 0; i--)
        {
            var at = _random.Next(bytes.Count);
            switch (_random.Next(5))
            {
                case 0:
                    bytes[at] = (byte)_random.Next(256);
                    break;
                case 1:
                    bytes.RemoveRange(at, bytes.Count - at);
                    break;
                case 2:
                    bytes.InsertRange(at, bytes.Slice(at, Math.Min(bytes.Count - at, 20)).ToArray());
                    break;
                case 3:
                    bytes.RemoveAt(at);
                    break;
                default:
                    bytes.Insert(at, (byte)"{}[]\",:\\0tfn\u001f"[_random.Next(13)]);
                    break;
            }
        }

        return bytes.ToArray();
    }

    private string Realtime() => Object(1,
    [
        ("audio", Blob), ("audio", Blob), ("video", Blob), ("text", Text), ("activityStart", Anything), ("activityEnd", Anything),
        ("audioStreamEnd", Bool), ("mediaChunks", Anything), ("other", Anything),
    ], most: 3);

    private string ServerContent() => Object(1,
    [
        ("modelTurn", ModelTurn), ("modelTurn", ModelTurn), ("generationComplete", Bool), ("turnComplete", Bool), ("interrupted", Bool),
        ("inputTranscription", Transcription), ("outputTranscription", Transcription), ("waitingForInput", Bool),
        ("interactionStatus", Status), ("groundingMetadata", Anything), ("turnCompleteReason", Text), ("somethingElse", Anything),
    ], most: 5);

    private string Transcription() => Object(2, [("text", Text), ("text", Text), ("finished", Bool), ("languageCode", Text)], most: 3);

    private string ModelTurn() => Object(2, [("role", Text), ("parts", Parts), ("parts", Parts), ("strange", Anything)], most: 3);

    private string Parts() => _random.Next(12) == 0
        ? Anything()
        : "[" + Space() + string.Join(",", Enumerable.Range(0, _random.Next(4)).Select(_ => _random.Next(12) == 0 ? Anything() : Part())) + Space() + "]";

    private string Part() => Object(3,
        [("inlineData", Blob), ("inlineData", Blob), ("text", Text), ("thought", Bool), ("executableCode", Anything), ("thoughtSignature", Text)], most: 3);

    private string Blob() => Object(3, [("data", Base64), ("mimeType", Text), ("mimeType", Text), ("displayName", Text)], most: 4);

    private string Base64()
    {
        var bytes = new byte[_random.Next(0, 50)];
        _random.NextBytes(bytes);
        var text = Convert.ToBase64String(bytes);
        text = _random.Next(4) == 0 ? text.TrimEnd('=') : text;
        text = _random.Next(4) == 0 ? text.Replace("/", "\\/", StringComparison.Ordinal).Replace("=", "\\u003D", StringComparison.Ordinal) : text;
        return $"\"{text}\"";
    }

    private string Status() => _random.Next(5) == 0 ? Anything() : $"\"{new[] { "IDLE", "IN_PROGRESS", "REQUIRES_ACTION", "NEW" }[_random.Next(4)]}\"";

    private string Bool() => _random.Next(6) == 0 ? Anything() : _random.Next(3) == 0 ? "false" : "true";

    private string Text() => _random.Next(12) == 0 ? Anything() : Quote(Texts[_random.Next(Texts.Length)]);

    private string Anything() => _random.Next(7) switch
    {
        0 => "null",
        1 => "true",
        2 => _random.Next(-5, 5000).ToString(CultureInfo.InvariantCulture),
        3 => Quote(Texts[_random.Next(Texts.Length)]),
        4 => "[{\"a\":[]},1]",
        5 => "{}",
        _ => "{\"turnComplete\":true,\"a\":{\"data\":\"x\"}}",
    };

    private string Object(int depth, (string Name, Func<string> Value)[] members, int most = 3)
    {
        if (depth > 0 && _random.Next(15) == 0)
        {
            return Anything();
        }

        var text = new StringBuilder("{").Append(Space());
        var count = _random.Next(depth == 0 ? 1 : 0, most + 1);
        for (var i = 0; i < count; i++)
        {
            var (name, value) = members[_random.Next(members.Length)];
            text.Append(i == 0 ? "" : ",").Append(Space()).Append(Quote(_random.Next(3) == 0 ? Snake(name) : name)).Append(Space())
                .Append(':').Append(Space()).Append(value()).Append(Space());
        }

        return text.Append('}').ToString();
    }

    private string Quote(string value)
    {
        var text = new StringBuilder("\"");
        foreach (var unit in value)
        {
            var escape = unit is '"' or '\\' || unit < ' ' || char.IsSurrogate(unit) || _random.Next(30) == 0;
            text.Append(escape ? $"\\u{(int)unit:x4}" : unit.ToString());
        }

        return text.Append('"').ToString();
    }

    private string Space() => _random.Next(8) == 0 ? new[] { " ", "\n", "\t ", "\r\n" }[_random.Next(4)] : "";

    private static string Snake(string name) => string.Concat(name.Select(c => char.IsUpper(c) ? $"_{char.ToLowerInvariant(c)}" : $"{c}"));
}
