using System.Diagnostics.CodeAnalysis;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace Gemini.Live.Messages;

/// <summary>
/// Reads and writes <see cref="ClientMessage"/> and <see cref="ServerMessage"/>: both spellings in, camelCase out,
/// defaults left out. For places that may allocate; the audio path uses the scanner.
/// </summary>
public static class LiveJson
{
    /// <summary>The dialect, for parts of messages. Read-only.</summary>
    public static JsonSerializerOptions Options { get; } = CreateOptions();

    /// <summary>The frame as UTF-8 JSON.</summary>
    public static byte[] Write<T>(T message)
        where T : WireMessage =>
        JsonSerializer.SerializeToUtf8Bytes(message, Options);

    /// <exception cref="JsonException">Not JSON, or a known member of another type.</exception>
    public static T Read<T>(ReadOnlySpan<byte> json)
        where T : WireMessage =>
        JsonSerializer.Deserialize<T>(json, Options) ?? throw new JsonException("A message is an object, not null.");

    /// <summary>False when the bytes are not JSON, or a known member has another type.</summary>
    public static bool TryRead<T>(ReadOnlySpan<byte> json, [NotNullWhen(true)] out T? message)
        where T : WireMessage
    {
        try
        {
            message = JsonSerializer.Deserialize<T>(json, Options);
        }
        catch (Exception failure) when (failure is JsonException or InvalidOperationException)
        {
            // InvalidOperationException: a string that is no Unicode text.
            message = null;
        }

        return message is not null;
    }

    private static JsonSerializerOptions CreateOptions()
    {
        var options = new JsonSerializerOptions
        {
            PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
            DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault,
            NumberHandling = JsonNumberHandling.AllowReadingFromString,
            Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
            MaxDepth = 100,
            TypeInfoResolver = new DefaultJsonTypeInfoResolver { Modifiers = { AddAliases } },
        };
        options.MakeReadOnly();
        return options;
    }

    /// <summary>Adds names that can be read and are never written: the snake_case one, and those of <see cref="AlsoReadAttribute"/>.</summary>
    private static void AddAliases(JsonTypeInfo type)
    {
        if (type.Kind != JsonTypeInfoKind.Object)
        {
            return;
        }

        var taken = type.Properties.Select(property => property.Name).ToHashSet(StringComparer.Ordinal);
        foreach (var property in type.Properties.Where(property => !property.IsExtensionData).ToList())
        {
            var other = property.AttributeProvider?.GetCustomAttributes(typeof(AlsoReadAttribute), inherit: false)
                .Cast<AlsoReadAttribute>().Select(alias => alias.Name) ?? [];
            foreach (var name in other.Append(property.Name).SelectMany(name => new[] { name, JsonNamingPolicy.SnakeCaseLower.ConvertName(name) }))
            {
                if (taken.Add(name))
                {
                    var alias = type.CreateJsonPropertyInfo(property.PropertyType, name);
                    alias.Set = property.Set;
                    alias.NumberHandling = property.NumberHandling;
                    type.Properties.Add(alias);
                }
            }
        }
    }
}
