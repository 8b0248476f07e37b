using System.Buffers;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Orchestrator.Journal;

/// <summary>
/// Writes clients' JSON on one line. The ordinary way re-encodes it, which makes it readable, but throws on
/// the lone surrogate escape (<c>"\ud800"</c>) that JSON allows: then the client's own spelling is kept.
/// </summary>
public sealed class ClientJsonConverter : JsonConverter<JsonElement>
{
    public override JsonElement Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        JsonElement.ParseValue(ref reader);

    public override void Write(Utf8JsonWriter writer, JsonElement value, JsonSerializerOptions options)
    {
        if (value.ValueKind == JsonValueKind.Undefined)
        {
            writer.WriteNullValue();
            return;
        }

        var line = new ArrayBufferWriter<byte>(256);
        try
        {
            using var inner = new Utf8JsonWriter(line, new JsonWriterOptions { Encoder = options.Encoder, MaxDepth = options.MaxDepth });
            value.WriteTo(inner);
        }
        catch (InvalidOperationException)
        {
            writer.WriteRawValue(WithoutWhitespace(value.GetRawText()), skipInputValidation: true);
            return;
        }

        writer.WriteRawValue(line.WrittenSpan, skipInputValidation: true);
    }

    private static string WithoutWhitespace(string json)
    {
        var kept = new ArrayBufferWriter<char>(json.Length);
        var inString = false;
        for (var i = 0; i < json.Length; i++)
        {
            var c = json[i];
            if (inString && c == '\\')
            {
                kept.Write([c, json[++i]]);
                continue;
            }

            inString ^= c == '"';
            if (inString || c is not (' ' or '\t' or '\r' or '\n'))
            {
                kept.Write([c]);
            }
        }

        return new string(kept.WrittenSpan);
    }
}
