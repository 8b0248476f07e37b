using System.Buffers;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;

namespace Orchestrator.Grains.Tools;

/// <summary>
/// Frames about functions with the ids that the other side knows. What else the members say is copied byte for byte,
/// because JSON allows strings that no writer would write.
/// </summary>
public static class ToolFrames
{
    /// <summary>Longest arguments or result that is told as text.</summary>
    private const int MostChars = 8_000;

    public static ReadOnlyMemory<byte> Calls(IEnumerable<(string Id, ToolRequest Request)> calls) =>
        List("toolCall", "functionCalls", calls.Select(call => (call.Id, call.Request.Frame, call.Request.Name, Beside: ("args", call.Request.Args))));

    public static ReadOnlyMemory<byte> Results(IEnumerable<(string Id, ToolResult Result)> results) =>
        List("toolResponse", "functionResponses", results.Select(result => (result.Id, result.Result.Frame, result.Result.Name, Beside: ("response", result.Result.Response))));

    public static ReadOnlyMemory<byte> Cancellation(IEnumerable<string> ids)
    {
        var frame = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(frame))
        {
            json.WriteStartObject();
            json.WriteStartObject("toolCallCancellation");
            json.WriteStartArray("ids");
            foreach (var id in ids)
            {
                json.WriteStringValue(id);
            }

            json.WriteEndArray();
            json.WriteEndObject();
            json.WriteEndObject();
        }

        return frame.WrittenMemory;
    }

    /// <summary>A result of the gateway's own: the function did not answer.</summary>
    public static ToolResult Failure(string name, string error) => new("", name, Error(error), WillContinue: false);

    /// <summary>The call as a model is told of it in words.</summary>
    public static string Call(BookedCall call) => $"{call.Name}({Text(call.Args)})";

    /// <summary>What it returned, in words.</summary>
    public static string Returned(BookedCall call) => string.Join(", then ", call.Results.Select(result => Text(result.Response)));

    private static string Text(JsonElement json)
    {
        var raw = json.ValueKind == JsonValueKind.Undefined ? "{}" : Encoding.UTF8.GetString(JsonMarshal.GetRawUtf8Value(json));
        return raw.Length <= MostChars ? raw : $"{raw.AsSpan(0, MostChars)}…";
    }

    private static JsonElement Error(string message)
    {
        var value = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(value))
        {
            json.WriteStartObject();
            json.WriteString("error", message);
            json.WriteEndObject();
        }

        return JsonElement.Parse(value.WrittenSpan);
    }

    private static ReadOnlyMemory<byte> List(
        string union, string list, IEnumerable<(string Id, JsonElement Frame, string Name, (string Name, JsonElement Value) Beside)> members)
    {
        var frame = new ArrayBufferWriter<byte>();
        Write(frame, $"{{\"{union}\":{{\"{list}\":[");
        var first = true;
        foreach (var member in members)
        {
            // Vertex was seen without an id.
            Write(frame, (first ? "{" : ",{") + (member.Id.Length > 0 ? $"\"id\":{Quoted(member.Id)}" : ""));
            first = false;
            if (member.Frame.ValueKind == JsonValueKind.Object)
            {
                Copy(frame, member.Frame, first: member.Id.Length == 0);
            }
            else
            {
                Write(frame, $"{(member.Id.Length > 0 ? "," : "")}\"name\":{Quoted(member.Name)},\"{member.Beside.Name}\":");
                frame.Write(member.Beside.Value.ValueKind == JsonValueKind.Undefined ? "{}"u8 : JsonMarshal.GetRawUtf8Value(member.Beside.Value));
            }

            Write(frame, "}");
        }

        Write(frame, "]}}");
        return frame.WrittenMemory;
    }

    /// <summary>All members but the id.</summary>
    private static void Copy(ArrayBufferWriter<byte> frame, JsonElement member, bool first)
    {
        foreach (var property in member.EnumerateObject())
        {
            if (property.NameEquals("id"u8))
            {
                continue;
            }

            Write(frame, first ? "\"" : ",\"");
            first = false;
            frame.Write(JsonMarshal.GetRawUtf8PropertyName(property));
            Write(frame, "\":");
            frame.Write(JsonMarshal.GetRawUtf8Value(property.Value));
        }
    }

    private static string Quoted(string text) => $"\"{JsonEncodedText.Encode(text)}\"";

    private static void Write(ArrayBufferWriter<byte> frame, string text) => Encoding.UTF8.GetBytes(text, frame);
}
