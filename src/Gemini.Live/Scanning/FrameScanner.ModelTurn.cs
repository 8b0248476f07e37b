using System.Text.Json;
using Gemini.Live.Audio;

namespace Gemini.Live.Scanning;

public static partial class FrameScanner
{
    private static ServerParts ScanModelTurn(ref Utf8JsonReader reader, ref ServerFrame frame)
    {
        var found = ServerParts.None;
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            found = reader.TokenType == JsonTokenType.Null ? ServerParts.None : ServerParts.Unknown;
            reader.Skip();
            return found;
        }

        var odd = ServerParts.None;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = PlainText(ref reader);
            var isParts = name.SequenceEqual("parts"u8);
            odd |= isParts || name.SequenceEqual("role"u8) ? ServerParts.None : ServerParts.Unknown;
            reader.Read();
            if (!isParts)
            {
                reader.Skip();
                continue;
            }

            found = ServerParts.None;
            frame.AudioBytes = 0;
            if (reader.TokenType != JsonTokenType.StartArray)
            {
                found = reader.TokenType == JsonTokenType.Null ? ServerParts.None : ServerParts.ModelOther;
                reader.Skip();
                continue;
            }

            while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
            {
                found |= ScanPart(ref reader, ref frame);
            }
        }

        return found | odd;
    }

    private static ServerParts ScanPart(ref Utf8JsonReader reader, ref ServerFrame frame)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            return ServerParts.ModelOther;
        }

        var (text, thought, other) = (false, false, false);
        var audio = -1; // bytes; -1: no inline audio
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = PlainText(ref reader);
            if (Is(name, "inlineData"u8, "inline_data"u8))
            {
                reader.Read();
                var present = reader.TokenType != JsonTokenType.Null;
                audio = ScanInlineAudio(ref reader);
                other |= present && audio < 0;
            }
            else if (name.SequenceEqual("text"u8))
            {
                reader.Read();
                text = reader.TokenType == JsonTokenType.String;
                reader.Skip();
            }
            else if (name.SequenceEqual("thought"u8))
            {
                reader.Read();
                thought = TrueHere(ref reader);
            }
            else
            {
                // A signature belongs to the part it stands in and is not content of its own.
                other |= !Is(name, "thoughtSignature"u8, "thought_signature"u8);
                reader.Read();
                reader.Skip();
            }
        }

        frame.AudioBytes += Math.Max(0, audio);
        return (audio >= 0 ? ServerParts.ModelAudio : 0)
            | (text ? thought ? ServerParts.ModelThought : ServerParts.ModelText : 0)
            | (other ? ServerParts.ModelOther : 0);
    }

    private static int ScanInlineAudio(ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            return -1;
        }

        var (audio, bytes) = (false, 0);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = PlainText(ref reader);
            var isData = name.SequenceEqual("data"u8);
            var isType = !isData && Is(name, "mimeType"u8, "mime_type"u8);
            reader.Read();
            if (isData)
            {
                bytes = reader.TokenType == JsonTokenType.String ? PcmLevel.DecodedBytes(reader.ValueSpan) : 0;
            }
            else if (isType)
            {
                audio = reader.TokenType == JsonTokenType.String && PlainText(ref reader).StartsWith("audio"u8);
            }

            reader.Skip();
        }

        return audio ? bytes : -1;
    }
}
