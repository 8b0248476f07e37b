using System.Buffers;
using System.Collections.Immutable;
using System.Text.Json;
using Orchestrator.Grains.Conversations;

namespace Orchestrator.Grains.Recovery;

/// <summary>Frames of the gateway's own making, in Google's words: what repairs a session towards either side.</summary>
public static class GatewayFrames
{
    /// <summary>Begins every text that the gateway adds to the model's context, so that nobody takes it for the user's.</summary>
    public const string Mark = "[system note: ";

    public static ReadOnlyMemory<byte> Interrupted { get; } = """{"serverContent":{"interrupted":true}}"""u8.ToArray();

    public static ReadOnlyMemory<byte> TurnComplete { get; } = """{"serverContent":{"turnComplete":true}}"""u8.ToArray();

    /// <summary>The end of a turn in a request that is answered in several.</summary>
    public static ReadOnlyMemory<byte> TurnOfMany { get; } = """{"serverContent":{"turnComplete":true,"interactionStatus":"IN_PROGRESS"}}"""u8.ToArray();

    /// <summary>The end of a request that is answered in several turns.</summary>
    public static ReadOnlyMemory<byte> InteractionOver { get; } = """{"serverContent":{"turnComplete":true,"interactionStatus":"IDLE"}}"""u8.ToArray();

    /// <summary>A note to the model, as text that the gateway marks as its own.</summary>
    public static string Note(string text) => $"{Mark}{text}]";

    public static ReadOnlyMemory<byte> InputTranscription(string text) => Write(text, static (json, words) =>
    {
        json.WriteStartObject("serverContent");
        json.WriteStartObject("inputTranscription");
        json.WriteString("text", words);
        json.WriteEndObject();
        json.WriteEndObject();
    });

    /// <summary>Text for the model that is answered like speech, outside of an open activity.</summary>
    public static ReadOnlyMemory<byte> RealtimeText(string text) => Write(text, static (json, words) =>
    {
        json.WriteStartObject("realtimeInput");
        json.WriteString("text", words);
        json.WriteEndObject();
    });

    /// <summary>What was said so far, as <c>clientContent</c> that is complete.</summary>
    public static ReadOnlyMemory<byte> History(ImmutableList<SpokenText> turns) => Write(turns, static (json, said) =>
    {
        json.WriteStartObject("clientContent");
        json.WriteStartArray("turns");
        foreach (var turn in said)
        {
            json.WriteStartObject();
            json.WriteString("role", turn.Speaker == Speaker.User ? "user" : "model");
            json.WriteStartArray("parts");
            json.WriteStartObject();
            json.WriteString("text", turn.Text);
            json.WriteEndObject();
            json.WriteEndArray();
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteBoolean("turnComplete", value: true);
        json.WriteEndObject();
    });

    private static ReadOnlyMemory<byte> Write<T>(T value, Action<Utf8JsonWriter, T> body)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            body(json, value);
            json.WriteEndObject();
        }

        return buffer.WrittenMemory;
    }
}
