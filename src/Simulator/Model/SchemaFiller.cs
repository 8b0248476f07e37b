using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Gemini.Live.Simulator.Protocol;

namespace Gemini.Live.Simulator.Model;

/// <summary>
/// Makes the JSON that a text model would extract: valid for the schema and deterministic. A value comes from
/// the text where the field's name is followed by one (<c>score: 7</c>, <c>name is Ada</c>); numbers otherwise take the
/// first number that fits their bounds; everything else gets its smallest valid value.
/// </summary>
internal static partial class SchemaFiller
{
    public static JsonNode? Fill(JsonElement schema, string name, string text)
    {
        if (schema.Get("anyOf").Items().FirstOrDefault() is { ValueKind: JsonValueKind.Object } first)
            return Fill(first, name, text);
        return Type(schema) switch
        {
            "OBJECT" => FillObject(schema, text),
            "ARRAY" => FillArray(schema, name, text),
            "INTEGER" => JsonValue.Create((long)Number(schema, name, text)),
            "NUMBER" => JsonValue.Create(Number(schema, name, text)),
            "BOOLEAN" => JsonValue.Create(After(name, text) is { } said && (said.StartsWith("true", StringComparison.OrdinalIgnoreCase) || said.StartsWith("yes", StringComparison.OrdinalIgnoreCase))),
            "NULL" => null,
            _ => JsonValue.Create(Text(schema, name, text)),
        };
    }

    private static string Type(JsonElement schema)
    {
        var type = schema.Get("type");
        // JSON Schema may list types; the first that is not null counts.
        var text = type.ValueKind == JsonValueKind.Array
            ? type.EnumerateArray().Select(item => item.GetString()).FirstOrDefault(item => item is not "null")
            : type.Text();
        return text?.ToUpperInvariant() ?? (schema.Get("properties").Exists() ? "OBJECT" : "STRING");
    }

    private static JsonObject FillObject(JsonElement schema, string text)
    {
        var filled = new JsonObject();
        var properties = schema.Get("properties");
        if (properties.Exists())
        {
            foreach (var property in properties.EnumerateObject())
                filled[property.Name] = Fill(property.Value, property.Name, text);
        }
        return filled;
    }

    private static JsonArray FillArray(JsonElement schema, string name, string text)
    {
        var array = new JsonArray();
        var count = Math.Max(schema.Get("minItems").Integer() ?? 0, 1);
        for (var i = 0; i < count; i++)
            array.Add(Fill(schema.Get("items"), name, text));
        return array;
    }

    private static double Number(JsonElement schema, string name, string text)
    {
        var least = schema.Get("minimum") is { ValueKind: JsonValueKind.Number } minimum ? minimum.GetDouble() : double.MinValue;
        var most = schema.Get("maximum") is { ValueKind: JsonValueKind.Number } maximum ? maximum.GetDouble() : double.MaxValue;
        var candidates = Digits().Matches(After(name, text) ?? "").Concat(Digits().Matches(text));
        foreach (var match in candidates)
        {
            if (double.TryParse(match.ValueSpan, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) && value >= least && value <= most)
                return value;
        }
        return Math.Clamp(0, least, most);
    }

    private static string Text(JsonElement schema, string name, string text)
    {
        var choices = schema.Get("enum").Items().Select(item => item.GetString()!).ToList();
        if (choices.Count > 0)
            return choices.Find(choice => text.Contains(choice, StringComparison.OrdinalIgnoreCase)) ?? choices[0];
        return schema.Get("format").Text() switch
        {
            "date-time" => "1970-01-01T00:00:00Z",
            "date" => "1970-01-01",
            _ => After(name, text)?.Split('\n', '.', ',', ';')[0].Trim() is { Length: > 0 } said ? said : "unknown",
        };
    }

    /// <summary>What stands behind the field's name in the text, if it is mentioned there.</summary>
    private static string? After(string name, string text)
    {
        var spoken = name.Length == 0 ? name : LiveSchema.Snake(name).Replace('_', ' ');
        var at = name.Length == 0 ? -1 : text.LastIndexOf(spoken, StringComparison.OrdinalIgnoreCase);
        if (at < 0)
            return null;
        var rest = text[(at + spoken.Length)..].TrimStart(' ', ':', '=');
        return rest.StartsWith("is ", StringComparison.OrdinalIgnoreCase) ? rest[3..] : rest;
    }

    [GeneratedRegex(@"-?\d+(\.\d+)?", RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex Digits();
}
