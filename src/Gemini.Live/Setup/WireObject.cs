using System.Text.Json;

namespace Gemini.Live.Setup;

/// <summary>Reads members of ProtoJSON objects: either spelling, the last of duplicates, <c>null</c> as absent.</summary>
internal static class WireObject
{
    /// <summary>A member's value; <see cref="JsonValueKind.Undefined"/> when absent, null, or when the parent is no object.</summary>
    public static JsonElement Get(JsonElement parent, string camel)
    {
        JsonElement found = default;
        if (parent.ValueKind == JsonValueKind.Object)
        {
            var snake = JsonNamingPolicy.SnakeCaseLower.ConvertName(camel);
            foreach (var member in parent.EnumerateObject())
            {
                if (member.NameEquals(camel) || member.NameEquals(snake))
                {
                    found = member.Value;
                }
            }
        }

        return found.ValueKind == JsonValueKind.Null ? default : found;
    }

    /// <summary>A value down a path of members.</summary>
    public static JsonElement Get(JsonElement parent, params ReadOnlySpan<string> path)
    {
        foreach (var name in path)
        {
            parent = Get(parent, name);
        }

        return parent;
    }

    public static bool IsObject(JsonElement parent, string camel) => Get(parent, camel).ValueKind == JsonValueKind.Object;

    public static bool IsTrue(JsonElement parent, params ReadOnlySpan<string> path) => Get(parent, path).ValueKind == JsonValueKind.True;

    /// <summary>The elements of an array member; none when it is anything else.</summary>
    public static IEnumerable<JsonElement> Items(JsonElement parent, string camel) =>
        Get(parent, camel) is { ValueKind: JsonValueKind.Array } array ? array.EnumerateArray() : [];
}
