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
            new ClientJsonConverter(),
        },
    };

    /// <summary>Type names that this version reads and writes.</summary>
    public static readonly FrozenSet<string> KnownTypes = typeof(ConversationFact)
        .GetCustomAttributes<JsonDerivedTypeAttribute>()
        .Select(derived => (string)derived.TypeDiscriminator!)
        .ToFrozenSet(StringComparer.Ordinal);
}
