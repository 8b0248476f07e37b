using System.Buffers.Text;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;

namespace Gemini.Live.Simulator.Protocol;

/// <summary>
/// Checks JSON against <see cref="LiveSchema"/> as strictly as Google's parser does and says what is wrong
/// in its words (dossier §1.4, §5.1). It only checks: the reader of a message goes on with the same document.
/// </summary>
internal static class ProtoJson
{
    public const string InvalidArgument = "Request contains an invalid argument.";

    private const string UnexpectedToken = "Invalid JSON payload received. Unexpected token.";

    /// <summary>Parses and checks; the document when it is a valid <paramref name="message"/>, otherwise the refusal's text.</summary>
    public static JsonDocument? Read(ReadOnlyMemory<byte> json, string message, out string? error)
    {
        JsonDocument? document = null;
        try
        {
            // Strings are decoded when they are asked for; broken UTF-8 must be found before.
            error = Utf8.IsValid(json.Span) ? null : UnexpectedToken;
            if (error is null)
            {
                document = JsonDocument.Parse(json);
                error = Check(document.RootElement, LiveSchema.Message(message));
            }
        }
        catch (Exception broken) when (broken is JsonException or InvalidOperationException)
        {
            // InvalidOperationException: an escaped lone surrogate, which is no text.
            error = UnexpectedToken;
        }
        if (error is null)
            return document;
        document?.Dispose();
        return null;
    }

    /// <summary>Null when the element is a valid <paramref name="type"/>, otherwise the refusal's text.</summary>
    private static string? Check(JsonElement element, MessageType type, string path = "")
    {
        if (element.ValueKind != JsonValueKind.Object)
            return path.Length == 0
                ? UnexpectedToken
                : InvalidValue(path, type.Name, element);

        HashSet<string>? seen = null;
        Dictionary<string, string>? oneOfs = null;
        foreach (var member in element.EnumerateObject())
        {
            var field = type.Find(member.Name);
            if (field is null)
                return Unknown(member.Name, path);
            if (member.Value.ValueKind == JsonValueKind.Null && field.Type != FieldType.Value)
                continue;
            if (!(seen ??= new(StringComparer.Ordinal)).Add(field.Name))
                return $"Invalid JSON payload received. Duplicate name \"{member.Name}\"{At(path)}.";
            if (field.OneOf is { } group)
            {
                oneOfs ??= new(StringComparer.Ordinal);
                if (!oneOfs.TryAdd(group, field.Name))
                    return $"Invalid value at '{Trail(path, field.Snake)}' (oneof), oneof field '{oneOfs[group]}' is already set. Cannot set '{field.Name}'";
            }
            var error = field.Repeated
                ? CheckRepeated(member.Value, field, Trail(path, field.Snake))
                : CheckValue(member.Value, field, Trail(path, field.Snake));
            if (error is not null)
                return error;
        }
        return null;
    }

    /// <summary>The member by either spelling; default (Undefined) when absent or null.</summary>
    public static JsonElement Get(this JsonElement element, string camel)
    {
        if (element.ValueKind != JsonValueKind.Object)
            return default;
        if (!element.TryGetProperty(camel, out var value) && !element.TryGetProperty(LiveSchema.Snake(camel), out value))
            return default;
        return value.ValueKind == JsonValueKind.Null ? default : value;
    }

    public static bool Exists(this JsonElement element) => element.ValueKind != JsonValueKind.Undefined;

    public static bool IsTrue(this JsonElement element) => element.ValueKind == JsonValueKind.True;

    public static string? Text(this JsonElement element) =>
        element.ValueKind == JsonValueKind.String ? element.GetString() : null;

    /// <summary>A number that ProtoJSON may also write as a string.</summary>
    public static long? Integer(this JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Number when element.TryGetInt64(out var value) => value,
        JsonValueKind.Number => (long)element.GetDouble(),
        JsonValueKind.String when long.TryParse(element.GetString(), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value) => value,
        _ => null,
    };

    /// <summary>The items of a repeated field; a lone message counts as a list of one.</summary>
    public static IEnumerable<JsonElement> Items(this JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Array => element.EnumerateArray(),
        JsonValueKind.Object => [element],
        _ => [],
    };

    /// <summary>Length of the element's JSON; 0 when absent.</summary>
    public static int RawLength(this JsonElement element) => element.Exists() ? element.GetRawText().Length : 0;

    private static string? CheckRepeated(JsonElement value, Field field, string path)
    {
        // Proto3 JSON of Google's front end takes a lone message for a list of one.
        if (value.ValueKind != JsonValueKind.Array)
            return field.Type == FieldType.Message ? CheckValue(value, field, path) : InvalidValue(path, field.TypeName, value);
        var index = 0;
        foreach (var item in value.EnumerateArray())
        {
            if (CheckValue(item, field, $"{path}[{index++}]") is { } error)
                return error;
        }
        return null;
    }

    private static string? CheckValue(JsonElement value, Field field, string path)
    {
        var fine = field.Type switch
        {
            FieldType.Message => true,
            FieldType.Enum => IsEnum(value, field.TypeName),
            FieldType.String => value.ValueKind == JsonValueKind.String && value.GetString() is not null,
            FieldType.Bool => value.ValueKind is JsonValueKind.True or JsonValueKind.False,
            FieldType.Int32 => value.Integer() is >= int.MinValue and <= int.MaxValue && IsWhole(value),
            FieldType.Int64 => value.Integer() is not null && IsWhole(value),
            FieldType.Float => value.ValueKind == JsonValueKind.Number || IsFloatText(value.Text()),
            FieldType.Bytes => value.ValueKind == JsonValueKind.String && IsBase64(value),
            FieldType.Duration => value.Text() is { } text && text.EndsWith('s') && IsFloatText(text[..^1]),
            FieldType.Timestamp => value.Text() is { } stamp && DateTimeOffset.TryParse(stamp, CultureInfo.InvariantCulture, out _),
            FieldType.Struct => value.ValueKind == JsonValueKind.Object,
            FieldType.StringMap => value.ValueKind == JsonValueKind.Object,
            _ => true,
        };
        if (!fine)
            return InvalidValue(path, field.TypeName, value);
        if (field.Type == FieldType.Message)
            return Check(value, LiveSchema.Message(field.TypeName), path);
        if (field.Type == FieldType.StringMap && field.TypeName is not "stringmap")
        {
            foreach (var member in value.EnumerateObject())
            {
                if (Check(member.Value, LiveSchema.Message(field.TypeName), $"{path}[{member.Name}].value") is { } error)
                    return error;
            }
        }
        return null;
    }

    private static bool IsEnum(JsonElement value, string type) => value.ValueKind switch
    {
        JsonValueKind.String => LiveSchema.IsEnumValue(type, value.GetString()!),
        JsonValueKind.Number => value.TryGetInt32(out _),
        _ => false,
    };

    private static bool IsWhole(JsonElement value) =>
        value.ValueKind != JsonValueKind.Number || value.GetDouble() % 1 == 0;

    private static bool IsFloatText(string? text) =>
        text is not null && double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out _);

    private static bool IsBase64(JsonElement value)
    {
        // The frame was parsed from UTF-8; the value span avoids a copy of a large audio chunk.
        var text = System.Runtime.InteropServices.JsonMarshal.GetRawUtf8Value(value);
        var body = text[1..^1];
        if (Base64.IsValid(body))
            return true;
        // Unpadded and URL-safe base64 are accepted by ProtoJSON as well.
        return Base64Url.IsValid(body);
    }

    private static string Trail(string path, string snake) => path.Length == 0 ? snake : $"{path}.{snake}";

    private static string At(string path) => path.Length == 0 ? "" : $" at '{path}'";

    private static string Unknown(string name, string path) =>
        $"Invalid JSON payload received. Unknown name \"{name}\"{At(path)}: Cannot find field.";

    private static string InvalidValue(string path, string type, JsonElement value)
    {
        var shown = new StringBuilder(value.GetRawText());
        if (shown.Length > 40)
            shown.Length = 40;
        var kind = char.IsAsciiLetterUpper(type[0]) ? $"type.googleapis.com/google.ai.generativelanguage.v1beta.{type}" : $"TYPE_{type.ToUpperInvariant()}";
        return $"Invalid value at '{path}' ({kind}), {shown}";
    }
}
