using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using Gemini.Live.Scanning;
using Orchestrator.Grains.Conversations;
using Orchestrator.Grains.Tools;

namespace Orchestrator.Grains.Actor;

/// <summary>Reads out of a scanned server frame what the step needs; only frames that are more than audio come here.</summary>
internal static class ServerNotices
{
    /// <summary>16-bit mono samples at 24 kHz, what every current model sends (dossier §3.2).</summary>
    private const int AudioBytesPerMs = 48;

    public static int AudioMs(in ServerFrame frame) => frame.AudioBytes / AudioBytesPerMs;

    public static ServerNotice Read(ReadOnlySpan<byte> bytes, in ServerFrame frame) => new(frame.Parts)
    {
        AudioMs = AudioMs(frame),
        InputText = PeerText.Of(bytes, frame.InputText),
        OutputText = PeerText.Of(bytes, frame.OutputText),
        // Both are required: an update was seen with resumable and no handle (dossier §3.5).
        Handle = frame.Resumable && !frame.NewHandle.IsEmpty ? PeerText.Of(bytes, frame.NewHandle) : null,
        TimeLeftMs = frame.TimeLeft.IsEmpty ? 0 : Milliseconds(PeerText.Of(bytes, frame.TimeLeft)),
        Usage = frame.Usage.IsEmpty ? null : Json(bytes, frame.Usage),
        Calls = frame.ToolCall.IsEmpty ? [] : Calls(Json(bytes, frame.ToolCall)),
        CancelledCalls = frame.ToolCallCancellation.IsEmpty ? [] : Ids(Json(bytes, frame.ToolCallCancellation)),
    };

    /// <summary>A ProtoJSON duration: seconds with an <c>s</c> behind them. What is none leaves no time.</summary>
    private static long Milliseconds(string duration) =>
        duration.EndsWith('s') && double.TryParse(duration.AsSpan(0, duration.Length - 1), NumberStyles.Float, CultureInfo.InvariantCulture, out var seconds)
            ? (long)(Math.Clamp(seconds, 0, 86_400) * 1000)
            : 0;

    private static JsonElement Json(ReadOnlySpan<byte> bytes, FrameSlice slice)
    {
        var reader = new Utf8JsonReader(slice.Of(bytes));
        return JsonElement.ParseValue(ref reader);
    }

    private static ImmutableArray<ToolRequest> Calls(JsonElement toolCall)
    {
        if (!TryGet(toolCall, "functionCalls", "function_calls", out var list) || list.ValueKind != JsonValueKind.Array)
        {
            return [];
        }

        return [.. list.EnumerateArray()
            .Where(call => call.ValueKind == JsonValueKind.Object)
            .Select(call => new ToolRequest(PeerText.Of(call, "id"), PeerText.Of(call, "name"), call.TryGetProperty("args", out var args) ? args : Empty) { Frame = call })];
    }

    private static ImmutableArray<string> Ids(JsonElement cancellation) =>
        cancellation.TryGetProperty("ids", out var ids) && ids.ValueKind == JsonValueKind.Array
            ? [.. ids.EnumerateArray().Where(id => id.ValueKind == JsonValueKind.String).Select(PeerText.Of)]
            : [];

    private static readonly JsonElement Empty = JsonElement.Parse("{}"u8);

    internal static bool TryGet(JsonElement element, string camel, string snake, out JsonElement value)
    {
        value = default;
        return element.ValueKind == JsonValueKind.Object
            && (element.TryGetProperty(camel, out value) || element.TryGetProperty(snake, out value));
    }
}
