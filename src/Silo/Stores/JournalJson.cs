using System.Buffers;
using System.Collections.Frozen;
using System.Reflection;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Orchestrator.Journal;

namespace Orchestrator.Silo.Stores;

/// <summary>How facts look as JSON: camelCase, nulls omitted, non-Latin text readable, control characters escaped.</summary>
internal static class JournalJson
{
    /// <summary>
    /// Nesting that a line may have. A client's setup was parsed with the default of 64 and stands one level
    /// deeper here, so the default would write lines that it then refuses to read.
    /// </summary>
    private const int MaxDepth = 512;

    public static readonly JsonReaderOptions Reading = new() { MaxDepth = MaxDepth };

    public static readonly JsonSerializerOptions Options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        AllowOutOfOrderMetadataProperties = true,
        MaxDepth = MaxDepth,
        Converters =
        {
            new JsonStringEnumConverter(JsonNamingPolicy.CamelCase, allowIntegerValues: false),
            new ElementConverter(),
        },
    };

    /// <summary>Type names that this version reads and writes.</summary>
    public static readonly FrozenSet<string> KnownTypes = typeof(ConversationFact)
        .GetCustomAttributes<JsonDerivedTypeAttribute>()
        .Select(derived => (string)derived.TypeDiscriminator!)
        .ToFrozenSet(StringComparer.Ordinal);

    /// <summary>
    /// Writes clients' JSON on one line. The ordinary way re-encodes it, which makes it readable, but throws on
    /// the lone surrogate escape (<c>"\ud800"</c>) that JSON allows: then the client's own spelling is kept.
    /// </summary>
    private sealed class ElementConverter : JsonConverter<JsonElement>
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
}
