using System.Buffers;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Gemini.Live.Simulator.Protocol;

/// <summary>Token counts of one turn.</summary>
internal readonly record struct TurnUsage(int PromptText, int PromptAudio, int PromptRest, int ResponseAudio, int ResponseRest, int Thoughts);

/// <summary>A call as it goes to the client.</summary>
internal sealed record OutgoingCall(string Id, string Name, string ArgsJson);

/// <summary>Builds the server's frames: camelCase, defaults omitted, UTF-8 (dossier §1.4, §3, §9).</summary>
internal static class ServerFrames
{
    private static readonly JsonWriterOptions Relaxed = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static readonly byte[] Empty = "{}"u8.ToArray();
    public static readonly byte[] EmptyContent = """{"serverContent":{}}"""u8.ToArray();
    public static readonly byte[] SetupComplete = """{"setupComplete":{}}"""u8.ToArray();
    public static readonly byte[] Interrupted = """{"serverContent":{"interrupted":true}}"""u8.ToArray();
    public static readonly byte[] GenerationComplete = """{"serverContent":{"generationComplete":true}}"""u8.ToArray();
    public static readonly byte[] NotResumable = """{"sessionResumptionUpdate":{"resumable":false}}"""u8.ToArray();

    /// <summary>The same with the default omitted, as ProtoJSON has it; both must be understood.</summary>
    public static readonly byte[] NotResumableOmitted = """{"sessionResumptionUpdate":{}}"""u8.ToArray();

    /// <summary>The whole text is out, and the audio follows (Vertex).</summary>
    public static readonly byte[] TranscriptFinished = """{"serverContent":{"outputTranscription":{"finished":true}}}"""u8.ToArray();

    public static byte[] VertexSetupComplete(string sessionId) => Write(json =>
    {
        json.WriteStartObject("setupComplete");
        json.WriteString("sessionId", sessionId);
        json.WriteEndObject();
    });

    public static byte[] Handle(string handle) => Write(json =>
    {
        json.WriteStartObject("sessionResumptionUpdate");
        json.WriteString("newHandle", handle);
        json.WriteBoolean("resumable", true);
        json.WriteEndObject();
    });

    public static byte[] GoAway(TimeSpan left) => Write(json =>
    {
        json.WriteStartObject("goAway");
        json.WriteString("timeLeft", left.TotalSeconds.ToString("0.###", CultureInfo.InvariantCulture) + "s");
        json.WriteEndObject();
    });

    public static byte[] InputTranscription(string text) => Content(json => WriteTranscription(json, "inputTranscription", text));

    public static byte[] Thought(string text) => Content(json =>
    {
        json.WriteStartObject("modelTurn");
        json.WriteStartArray("parts");
        json.WriteStartObject();
        json.WriteString("text", text);
        json.WriteBoolean("thought", true);
        json.WriteEndObject();
        json.WriteEndArray();
        json.WriteEndObject();
    });

    /// <summary>Audio, output transcription, or both in one serverContent.</summary>
    public static byte[] Speech(ReadOnlySpan<byte> pcm, string? transcript, bool role, bool vertex = false)
    {
        var buffer = new ArrayBufferWriter<byte>((pcm.Length * 4 / 3) + 256);
        using var json = new Utf8JsonWriter(buffer, Relaxed);
        json.WriteStartObject();
        json.WriteStartObject("serverContent");
        if (!pcm.IsEmpty)
        {
            json.WriteStartObject("modelTurn");
            if (role)
                json.WriteString("role", "model");
            json.WriteStartArray("parts");
            json.WriteStartObject();
            json.WriteStartObject("inlineData");
            json.WriteString("mimeType", vertex ? "audio/pcm" : "audio/pcm;rate=24000");
            json.WriteBase64String("data", pcm);
            json.WriteEndObject();
            json.WriteEndObject();
            json.WriteEndArray();
            json.WriteEndObject();
        }
        if (transcript is not null)
            WriteTranscription(json, "outputTranscription", transcript);
        json.WriteEndObject();
        json.WriteEndObject();
        json.Flush();
        return buffer.WrittenSpan.ToArray();
    }

    /// <param name="vertex">Vertex adds empty grounding, and has other names in the usage (dossier §3.2, §3.6).</param>
    public static byte[] TurnComplete(string? interactionStatus, TurnUsage? usage, bool vertex = false) => Write(json =>
    {
        json.WriteStartObject("serverContent");
        json.WriteBoolean("turnComplete", true);
        if (interactionStatus is not null)
            json.WriteString("interactionStatus", interactionStatus);
        if (vertex)
        {
            json.WriteStartObject("groundingMetadata");
            json.WriteEndObject();
        }
        json.WriteEndObject();
        if (usage is { } tokens)
            WriteUsage(json, tokens, vertex);
    });

    public static byte[] ToolCall(IEnumerable<OutgoingCall> calls) => Write(json =>
    {
        json.WriteStartObject("toolCall");
        json.WriteStartArray("functionCalls");
        foreach (var call in calls)
        {
            json.WriteStartObject();
            json.WriteString("id", call.Id);
            json.WriteString("name", call.Name);
            json.WritePropertyName("args");
            json.WriteRawValue(call.ArgsJson);
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteEndObject();
    });

    public static byte[] ToolCallCancellation(IEnumerable<string> ids) => Write(json =>
    {
        json.WriteStartObject("toolCallCancellation");
        json.WriteStartArray("ids");
        foreach (var id in ids)
            json.WriteStringValue(id);
        json.WriteEndArray();
        json.WriteEndObject();
    });

    /// <summary>Totals are more than their details, and the total has no thoughts: both as recorded (dossier §3.6).</summary>
    internal static void WriteUsage(Utf8JsonWriter json, TurnUsage usage, bool vertex)
    {
        var prompt = usage.PromptText + usage.PromptAudio + usage.PromptRest;
        var response = usage.ResponseAudio + usage.ResponseRest;
        json.WriteStartObject("usageMetadata");
        json.WriteNumber("promptTokenCount", prompt);
        if (response > 0)
            json.WriteNumber(vertex ? "candidatesTokenCount" : "responseTokenCount", response);
        json.WriteNumber("totalTokenCount", prompt + response);
        WriteDetails(json, "promptTokensDetails", ("TEXT", usage.PromptText), ("AUDIO", usage.PromptAudio));
        if (response > 0)
            WriteDetails(json, vertex ? "candidatesTokensDetails" : "responseTokensDetails", ("AUDIO", usage.ResponseAudio));
        if (usage.Thoughts > 0)
            json.WriteNumber("thoughtsTokenCount", usage.Thoughts);
        if (vertex)
            json.WriteString("trafficType", "ON_DEMAND");
        json.WriteEndObject();
    }

    private static void WriteDetails(Utf8JsonWriter json, string name, params ReadOnlySpan<(string Modality, int Count)> details)
    {
        json.WriteStartArray(name);
        foreach (var (modality, count) in details)
        {
            json.WriteStartObject();
            json.WriteString("modality", modality);
            if (count != 0)
                json.WriteNumber("tokenCount", count);
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }

    private static void WriteTranscription(Utf8JsonWriter json, string name, string text)
    {
        json.WriteStartObject(name);
        if (text.Length > 0)
            json.WriteString("text", text);
        json.WriteEndObject();
    }

    private static byte[] Content(Action<Utf8JsonWriter> members) => Write(json =>
    {
        json.WriteStartObject("serverContent");
        members(json);
        json.WriteEndObject();
    });

    private static byte[] Write(Action<Utf8JsonWriter> members)
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        using var json = new Utf8JsonWriter(buffer, Relaxed);
        json.WriteStartObject();
        members(json);
        json.WriteEndObject();
        json.Flush();
        return buffer.WrittenSpan.ToArray();
    }
}
