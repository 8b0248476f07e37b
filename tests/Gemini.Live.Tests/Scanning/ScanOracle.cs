using System.Text.Json;
using Gemini.Live.Scanning;

namespace Gemini.Live.Tests.Scanning;

/// <summary>What a scan must find, worked out slowly over a parsed document.</summary>
internal static class ScanOracle
{
    public sealed record Client(bool Ok, ClientMessageKind Kind, RealtimeParts Realtime, string? Body, string Audio, string Mime, string Video, string Text, bool TurnComplete);

    public sealed record Server(
        ServerParts Parts, int AudioBytes, string InputText, string OutputText, string? InputMember, string? OutputMember,
        string Handle, bool Resumable, string TimeLeft, string? Usage, string? ToolCall, string? Cancellation, string? SetupComplete);

    private static readonly Client Refused = new(false, default, default, null, "", "", "", "", false);

    public static Client OfClient(JsonElement root)
    {
        if (root.ValueKind != JsonValueKind.Object)
        {
            return Refused;
        }

        var kind = ClientMessageKind.None;
        JsonElement body = default;
        foreach (var member in root.EnumerateObject())
        {
            var next = Camel(member.Name) switch
            {
                "setup" => ClientMessageKind.Setup,
                "clientContent" => ClientMessageKind.ClientContent,
                "realtimeInput" => ClientMessageKind.RealtimeInput,
                "toolResponse" => ClientMessageKind.ToolResponse,
                "contextUpdate" => ClientMessageKind.ContextUpdate,
                _ => ClientMessageKind.None,
            };
            if (next == ClientMessageKind.None)
            {
                continue;
            }

            if (member.Value.ValueKind == JsonValueKind.Null)
            {
                kind = kind == next ? ClientMessageKind.None : kind;
                continue;
            }

            if (member.Value.ValueKind != JsonValueKind.Object || (kind != ClientMessageKind.None && kind != next))
            {
                return Refused;
            }

            (kind, body) = (next, member.Value);
        }

        if (kind == ClientMessageKind.None)
        {
            return Refused;
        }

        var parts = RealtimeParts.None;
        var isRealtime = kind == ClientMessageKind.RealtimeInput;
        foreach (var part in isRealtime ? Enum.GetValues<RealtimeParts>() : [])
        {
            var value = part == RealtimeParts.None ? null : Last(body, char.ToLowerInvariant($"{part}"[0]) + $"{part}"[1..]);
            parts |= value is { ValueKind: not (JsonValueKind.Null or JsonValueKind.False) } ? part : 0;
        }

        var (audio, video) = (isRealtime ? Last(body, "audio") : null, isRealtime ? Last(body, "video") : null);
        return new Client(
            true, kind, parts, body.GetRawText(), String(audio, "data"), String(audio, "mimeType"), String(video, "data"),
            isRealtime ? String(body, "text") : "",
            kind == ClientMessageKind.ClientContent && Last(body, "turnComplete") is { ValueKind: JsonValueKind.True });
    }

    public static Server OfServer(JsonElement root)
    {
        var parts = ServerParts.None;
        foreach (var member in root.EnumerateObject())
        {
            var known = Camel(member.Name) is "setupComplete" or "serverContent" or "toolCall" or "toolCallCancellation" or "usageMetadata"
                or "goAway" or "sessionResumptionUpdate" or "voiceActivity" or "voiceActivityDetectionSignal";
            var odd = known ? member.Value.ValueKind is not (JsonValueKind.Object or JsonValueKind.Null)
                : Camel(member.Name) is "interactionStatus" ? Status(member.Value, ServerParts.Unknown) == ServerParts.Unknown
                : member.Value.ValueKind != JsonValueKind.Null;
            parts |= odd ? ServerParts.Unknown : 0;
        }

        // The two voice messages share a flag: the last one of either decides.
        var voice = root.EnumerateObject().LastOrDefault(member => Camel(member.Name) is "voiceActivity" or "voiceActivityDetectionSignal").Value;
        parts |= voice.ValueKind == JsonValueKind.Object ? ServerParts.VoiceActivity : 0;
        parts |= Object(root, "setupComplete") is null ? 0 : ServerParts.SetupComplete;
        parts |= Object(root, "toolCall") is null ? 0 : ServerParts.ToolCall;
        parts |= Object(root, "toolCallCancellation") is null ? 0 : ServerParts.ToolCallCancellation;
        parts |= Object(root, "usageMetadata") is null ? 0 : ServerParts.Usage;
        parts |= Object(root, "goAway") is null ? 0 : ServerParts.GoAway;
        parts |= Object(root, "sessionResumptionUpdate") is null ? 0 : ServerParts.SessionResumptionUpdate;
        parts |= Status(Last(root, "interactionStatus"), ServerParts.Unknown);

        var audioBytes = 0;
        var content = Object(root, "serverContent");
        if (content is { } body)
        {
            parts |= ServerParts.ServerContent | OfContent(body, ref audioBytes);
        }

        return new Server(
            parts, audioBytes,
            String(Object(content, "inputTranscription"), "text"), String(Object(content, "outputTranscription"), "text"),
            Object(content, "inputTranscription")?.GetRawText(), Object(content, "outputTranscription")?.GetRawText(),
            String(Object(root, "sessionResumptionUpdate"), "newHandle"),
            Last(Object(root, "sessionResumptionUpdate"), "resumable") is { ValueKind: JsonValueKind.True },
            String(Object(root, "goAway"), "timeLeft"),
            Object(root, "usageMetadata")?.GetRawText(), Object(root, "toolCall")?.GetRawText(),
            Object(root, "toolCallCancellation")?.GetRawText(), Object(root, "setupComplete")?.GetRawText());
    }

    private static ServerParts OfContent(JsonElement body, ref int audioBytes)
    {
        var parts = ServerParts.None;
        foreach (var flag in new[] { ServerParts.GenerationComplete, ServerParts.TurnComplete, ServerParts.Interrupted, ServerParts.WaitingForInput })
        {
            parts |= Last(body, char.ToLowerInvariant($"{flag}"[0]) + $"{flag}"[1..]) is { ValueKind: JsonValueKind.True } ? flag : 0;
        }

        foreach (var member in body.EnumerateObject().Where(member => member.Value.ValueKind != JsonValueKind.Null))
        {
            parts |= Camel(member.Name) switch
            {
                "groundingMetadata" or "turnCompleteReason" => ServerParts.OtherContent,
                "inputTranscription" or "outputTranscription" or "modelTurn" => member.Value.ValueKind == JsonValueKind.Object ? 0 : ServerParts.Unknown,
                "generationComplete" or "turnComplete" or "interrupted" or "waitingForInput" or "interactionStatus" => 0,
                _ => ServerParts.Unknown,
            };
            parts |= Camel(member.Name) is "interactionStatus" && Status(member.Value, ServerParts.OtherContent) == ServerParts.OtherContent ? ServerParts.OtherContent : 0;
            parts |= Camel(member.Name) is "modelTurn" && member.Value.ValueKind == JsonValueKind.Object
                && member.Value.EnumerateObject().Any(inner => inner.Name is not ("role" or "parts")) ? ServerParts.Unknown : 0;
        }

        parts |= Status(Last(body, "interactionStatus"), ServerParts.OtherContent);
        parts |= Object(body, "inputTranscription") is null ? 0 : ServerParts.InputTranscription;
        parts |= Object(body, "outputTranscription") is null ? 0 : ServerParts.OutputTranscription;
        var list = Last(Object(body, "modelTurn"), "parts");
        if (list is { ValueKind: not (JsonValueKind.Array or JsonValueKind.Null) })
        {
            return parts | ServerParts.ModelOther;
        }

        foreach (var part in list is { ValueKind: JsonValueKind.Array } array ? array.EnumerateArray() : default)
        {
            parts |= OfPart(part, ref audioBytes);
        }

        return parts;
    }

    private static ServerParts OfPart(JsonElement part, ref int audioBytes)
    {
        if (part.ValueKind != JsonValueKind.Object)
        {
            return ServerParts.ModelOther;
        }

        var parts = ServerParts.None;
        foreach (var member in part.EnumerateObject())
        {
            var isInline = Camel(member.Name) is "inlineData";
            var other = isInline
                ? member.Value.ValueKind != JsonValueKind.Null && !String(member.Value, "mimeType").StartsWith("audio", StringComparison.Ordinal)
                : Camel(member.Name) is not ("text" or "thought" or "thoughtSignature");
            parts |= other ? ServerParts.ModelOther : 0;
        }

        if (Last(part, "inlineData") is { ValueKind: JsonValueKind.Object } blob && String(blob, "mimeType").StartsWith("audio", StringComparison.Ordinal))
        {
            parts |= ServerParts.ModelAudio;
            audioBytes += String(blob, "data").TrimEnd('=').Length * 3 / 4;
        }

        if (Last(part, "text") is { ValueKind: JsonValueKind.String })
        {
            parts |= Last(part, "thought") is { ValueKind: JsonValueKind.True } ? ServerParts.ModelThought : ServerParts.ModelText;
        }

        return parts;
    }

    private static ServerParts Status(JsonElement? value, ServerParts otherwise) => value switch
    {
        null or { ValueKind: JsonValueKind.Null } => ServerParts.None,
        { ValueKind: JsonValueKind.String } status => status.GetString() switch
        {
            "IN_PROGRESS" => ServerParts.InteractionInProgress,
            "IDLE" or "REQUIRES_ACTION" => ServerParts.InteractionIdle,
            _ => otherwise,
        },
        _ => otherwise,
    };

    private static JsonElement? Last(JsonElement? parent, string name)
    {
        JsonElement? found = null;
        if (parent is { ValueKind: JsonValueKind.Object } body)
        {
            foreach (var member in body.EnumerateObject())
            {
                found = string.Equals(Camel(member.Name), name, StringComparison.Ordinal) ? member.Value : found;
            }
        }

        return found;
    }

    private static JsonElement? Object(JsonElement? parent, string name) =>
        Last(parent, name) is { ValueKind: JsonValueKind.Object } value ? value : null;

    private static string String(JsonElement? parent, string name) =>
        Last(parent, name) is { ValueKind: JsonValueKind.String } value ? value.GetString()! : "";

    /// <summary>ProtoJSON takes the two exact spellings of a name, not mixtures; the names here have none.</summary>
    private static string Camel(string name) =>
        string.Concat(name.Split('_').Select((word, i) => i == 0 || word.Length == 0 ? word : char.ToUpperInvariant(word[0]) + word[1..]));
}
