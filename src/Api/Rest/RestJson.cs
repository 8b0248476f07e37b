using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Orchestrator.Journal;

namespace Orchestrator.Api.Rest;

/// <summary>JSON of the REST API: camelCase, nulls omitted, non-Latin text readable.</summary>
internal static class RestJson
{
    public static readonly JsonSerializerOptions Options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        // Safe because every answer is declared as what it is, with nosniff, and never inside HTML.
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        // Clients' own JSON may be 64 deep, and stands deeper here.
        MaxDepth = 512,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase), new ClientJsonConverter() },
        TypeInfoResolver = new DefaultJsonTypeInfoResolver { Modifiers = { HideHandles, ShowUnreadable } },
    };

    // The reader empties handles already. Here the member does not even exist.
    private static void HideHandles(JsonTypeInfo type)
    {
        if (type.Type == typeof(CheckpointTaken))
        {
            type.Properties.Remove(type.Properties.Single(p => string.Equals(p.Name, "handle", StringComparison.Ordinal)));
        }
    }

    private static void ShowUnreadable(JsonTypeInfo type)
    {
        if (type.Type == typeof(ConversationFact))
        {
            type.PolymorphismOptions!.DerivedTypes.Add(new JsonDerivedType(typeof(UnreadableFact), "unreadable"));
        }
    }
}
