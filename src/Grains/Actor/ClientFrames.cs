using System.Collections.Immutable;
using System.Text.Json;
using Orchestrator.Attach;
using Orchestrator.Grains.Conversations;
using Orchestrator.Grains.Tools;

namespace Orchestrator.Grains.Actor;

/// <summary>Reads out of a client frame what the step needs; steady audio never comes here.</summary>
internal static class ClientFrames
{
    public static ConversationInput Read(ReadOnlySpan<byte> payload, long seq, InputTraits traits)
    {
        if ((traits & InputTraits.ToolResponse) != 0)
        {
            return new ConversationInput.ClientAnsweredTools(seq, Results(Member(payload, "toolResponse", "tool_response")));
        }

        var text = (traits & (InputTraits.Text | InputTraits.ClientContent)) switch
        {
            InputTraits.Text => PeerText.Of(Member(payload, "realtimeInput", "realtime_input"), "text"),
            InputTraits.ClientContent => Typed(Member(payload, "clientContent", "client_content")),
            _ => null,
        };
        return new ConversationInput.ClientSent(seq, traits, text)
        {
            Given = (traits & InputTraits.ClientContent) == 0 ? [] : Given(Member(payload, "clientContent", "client_content"), isQuestion: (traits & InputTraits.ContentComplete) != 0 && text is not null),
        };
    }

    /// <summary>The texts of a <c>clientContent</c>, but for the last turn when that is the question.</summary>
    private static ImmutableArray<(Speaker Speaker, string Text)> Given(JsonElement content, bool isQuestion)
    {
        if (!ServerNotices.TryGet(content, "turns", "turns", out var turns) || turns.ValueKind != JsonValueKind.Array)
        {
            return [];
        }

        return [.. turns.EnumerateArray().Take(turns.GetArrayLength() - (isQuestion ? 1 : 0)).Where(turn => turn.ValueKind == JsonValueKind.Object)
            .Select(turn => (PeerText.Of(turn, "role") == "model" ? Speaker.Model : Speaker.User, Words(turn)))];
    }

    private static string Words(JsonElement turn) => turn.TryGetProperty("parts", out var parts) && parts.ValueKind == JsonValueKind.Array
        ? string.Concat(parts.EnumerateArray().Where(part => part.ValueKind == JsonValueKind.Object).Select(part => PeerText.Of(part, "text")))
        : "";

    private static JsonElement Member(ReadOnlySpan<byte> payload, string camel, string snake)
    {
        var reader = new Utf8JsonReader(payload);
        return ServerNotices.TryGet(JsonElement.ParseValue(ref reader), camel, snake, out var member) ? member : default;
    }

    private static ImmutableArray<ToolResult> Results(JsonElement response)
    {
        if (!ServerNotices.TryGet(response, "functionResponses", "function_responses", out var list) || list.ValueKind != JsonValueKind.Array)
        {
            return [];
        }

        return [.. list.EnumerateArray().Where(r => r.ValueKind == JsonValueKind.Object).Select(r => new ToolResult(
            PeerText.Of(r, "id"),
            PeerText.Of(r, "name"),
            r.TryGetProperty("response", out var value) ? value : JsonElement.Parse("{}"u8),
            ServerNotices.TryGet(r, "willContinue", "will_continue", out var more) && more.ValueKind == JsonValueKind.True)
        {
            Frame = r,
            IsSilent = PeerText.Of(r, "scheduling") == "SILENT",
        })];
    }

    /// <summary>Words of the last turn when it is the user's: what the model is asked to answer.</summary>
    private static string? Typed(JsonElement content)
    {
        if (!ServerNotices.TryGet(content, "turns", "turns", out var turns) || turns.ValueKind != JsonValueKind.Array || turns.GetArrayLength() == 0)
        {
            return null;
        }

        var last = turns[turns.GetArrayLength() - 1];
        return last.ValueKind == JsonValueKind.Object && PeerText.Of(last, "role") is "user" or "" ? Words(last) : null;
    }
}
