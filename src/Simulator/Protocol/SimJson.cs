using System.Text.Json;
using System.Text.Json.Serialization;

namespace Gemini.Live.Simulator.Protocol;

/// <summary>JSON of the control surface: camelCase members and enums, unknown members refused.</summary>
internal static class SimJson
{
    public static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web)
    {
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) },
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    };
}
