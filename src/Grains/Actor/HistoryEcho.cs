using System.Text.Json;
using System.Text.Json.Nodes;
using Orchestrator.Grains.Conversations;

namespace Orchestrator.Grains.Actor;

/// <summary>
/// LiveKit tells its whole text history again after it has resumed with a handle; upstream would then know everything
/// twice. Of such a <c>clientContent</c> the exact prefix of known texts is taken out, and nothing else.
/// </summary>
internal static class HistoryEcho
{
    /// <returns>The frame itself when it repeats nothing; without the known prefix otherwise; empty when nothing else is in it.</returns>
    public static ReadOnlySpan<byte> Without(ReadOnlySpan<byte> frame, IReadOnlyList<SpokenText> known)
    {
        try
        {
            return known.Count == 0 ? frame : Strip(frame, [.. known.Where(said => !said.IsNote)]);
        }
        catch (Exception odd) when (odd is JsonException or ArgumentException or InvalidOperationException)
        {
            // A name twice, or half a surrogate pair: nothing that LiveKit would send, and upstream's to judge.
            return frame;
        }
    }

    private static ReadOnlySpan<byte> Strip(ReadOnlySpan<byte> frame, IReadOnlyList<SpokenText> known)
    {
        var reader = new Utf8JsonReader(frame);
        if (JsonNode.Parse(ref reader) is not JsonObject message
            || Content(message) is not { } content || content["turns"] is not JsonArray turns)
        {
            return frame;
        }

        var repeated = 0;
        while (turns is [JsonObject turn, ..] && turn["parts"] is JsonArray parts)
        {
            while (parts is [JsonObject part, ..] && repeated < known.Count && Says(turn, part, known[repeated]))
            {
                parts.RemoveAt(0);
                repeated++;
            }

            if (parts.Count > 0)
            {
                break;
            }

            turns.RemoveAt(0);
        }

        if (repeated == 0)
        {
            return frame;
        }

        return turns.Count == 0 && !AsksForAnAnswer(content) ? [] : JsonSerializer.SerializeToUtf8Bytes(message);
    }

    private static bool Says(JsonObject turn, JsonObject part, SpokenText said) =>
        (Text(turn["role"]) ?? "user") == (said.Speaker == Speaker.User ? "user" : "model")
        && part.Count == 1
        && Text(part["text"])?.Trim() == said.Text.Trim();

    private static JsonObject? Content(JsonObject message) => (message["clientContent"] ?? message["client_content"]) as JsonObject;

    private static bool AsksForAnAnswer(JsonObject content) =>
        (content["turnComplete"] ?? content["turn_complete"]) is JsonValue complete && complete.TryGetValue<bool>(out var asks) && asks;

    private static string? Text(JsonNode? node) =>
        node is JsonValue value && value.TryGetValue<string>(out var text) ? text : null;
}
