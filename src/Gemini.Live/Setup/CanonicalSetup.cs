using System.Buffers;
using System.Security.Cryptography;
using System.Text.Json;

namespace Gemini.Live.Setup;

/// <summary>One spelling for setups that differ only in the order of members, spaces and escapes.</summary>
internal static class CanonicalSetup
{
    /// <summary>SHA-256 in lower-case hex, over everything but <c>sessionResumption</c>, which differs on every connection.</summary>
    public static string Hash(JsonElement setup)
    {
        var text = new ArrayBufferWriter<byte>(1024);
        using (var writer = new Utf8JsonWriter(text))
        {
            Write(setup, writer, top: true);
        }

        return Convert.ToHexStringLower(SHA256.HashData(text.WrittenSpan));
    }

    private static void Write(JsonElement value, Utf8JsonWriter writer, bool top)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                writer.WriteStartObject();
                foreach (var member in Members(value).Where(member => !top || member.Name is not ("sessionResumption" or "session_resumption")))
                {
                    writer.WritePropertyName(member.Name);
                    Write(member.Value, writer, top: false);
                }

                writer.WriteEndObject();
                break;
            case JsonValueKind.Array:
                writer.WriteStartArray();
                foreach (var item in value.EnumerateArray())
                {
                    Write(item, writer, top: false);
                }

                writer.WriteEndArray();
                break;
            default:
                value.WriteTo(writer);
                break;
        }
    }

    /// <summary>Ordered by name, with escapes undone; duplicates stay in their own order, because the last one counts.</summary>
    private static IOrderedEnumerable<(string Name, JsonElement Value)> Members(JsonElement value) =>
        value.EnumerateObject().Select(member => (member.Name, member.Value)).OrderBy(member => member.Name, StringComparer.Ordinal);
}
