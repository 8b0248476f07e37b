using System.Text.Json;

namespace Gemini.Live.Scanning;

public static partial class FrameScanner
{
    private const ServerParts ModelTurnParts =
        ServerParts.ModelAudio | ServerParts.ModelText | ServerParts.ModelThought | ServerParts.ModelOther;

    private const ServerParts Statuses = ServerParts.InteractionInProgress | ServerParts.InteractionIdle;

    /// <summary>
    /// Scans a server frame (dossier §3). Only bytes that are not a JSON object are refused; members that we do not
    /// know, or that have a type we do not expect, set <see cref="ServerParts.Unknown"/>.
    /// </summary>
    public static bool TryScanServer(ReadOnlySpan<byte> json, out ServerFrame frame, out WireFault fault)
    {
        frame = default;
        fault = default;
        try
        {
            var reader = new Utf8JsonReader(json, ReaderOptions);
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
            {
                fault = WireFault.NotJson;
                return false;
            }

            var content = ServerParts.None;
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                ScanTopMember(ref reader, ref frame, ref content);
            }

            reader.Read(); // trailing garbage throws here
            frame.Parts |= content;
            return true;
        }
        catch (JsonException)
        {
            frame = default;
            fault = WireFault.NotJson;
            return false;
        }
    }

    /// <param name="content">What stands inside serverContent: apart, because a second serverContent replaces it.</param>
    private static void ScanTopMember(ref Utf8JsonReader reader, ref ServerFrame frame, ref ServerParts content)
    {
        var member = TopMember(PlainText(ref reader));
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject && member != Statuses)
        {
            frame.Parts &= ~member | ServerParts.Unknown;
            frame.Parts |= reader.TokenType == JsonTokenType.Null ? ServerParts.None : ServerParts.Unknown;
            SetObject(ref frame, member, default);
            ResetContent(ref frame, member, ref content);
            reader.Skip();
            return;
        }

        frame.Parts |= member & ~Statuses;
        switch (member)
        {
            case ServerParts.ServerContent:
                ResetContent(ref frame, member, ref content);
                content = ScanContent(ref reader, ref frame);
                break;
            case ServerParts.SessionResumptionUpdate:
                ScanResumption(ref reader, ref frame);
                break;
            case ServerParts.GoAway:
                ScanGoAway(ref reader, ref frame);
                break;
            case Statuses:
                frame.Parts = frame.Parts & ~Statuses | StatusHere(ref reader, ServerParts.Unknown);
                break;
            default:
                SetObject(ref frame, member, ValueHere(ref reader));
                break;
        }
    }

    private static ServerParts TopMember(ReadOnlySpan<byte> name) =>
        Is(name, "serverContent"u8, "server_content"u8) ? ServerParts.ServerContent
        : Is(name, "usageMetadata"u8, "usage_metadata"u8) ? ServerParts.Usage
        : Is(name, "sessionResumptionUpdate"u8, "session_resumption_update"u8) ? ServerParts.SessionResumptionUpdate
        : Is(name, "toolCall"u8, "tool_call"u8) ? ServerParts.ToolCall
        : Is(name, "toolCallCancellation"u8, "tool_call_cancellation"u8) ? ServerParts.ToolCallCancellation
        : Is(name, "setupComplete"u8, "setup_complete"u8) ? ServerParts.SetupComplete
        : Is(name, "goAway"u8, "go_away"u8) ? ServerParts.GoAway
        : Is(name, "interactionStatus"u8, "interaction_status"u8) ? Statuses
        : Is(name, "voiceActivity"u8, "voice_activity"u8) ? ServerParts.VoiceActivity
        : Is(name, "voiceActivityDetectionSignal"u8, "voice_activity_detection_signal"u8) ? ServerParts.VoiceActivity
        : ServerParts.Unknown;

    private static void SetObject(ref ServerFrame frame, ServerParts member, FrameSlice value)
    {
        switch (member)
        {
            case ServerParts.Usage:
                frame.Usage = value;
                break;
            case ServerParts.ToolCall:
                frame.ToolCall = value;
                break;
            case ServerParts.ToolCallCancellation:
                frame.ToolCallCancellation = value;
                break;
            case ServerParts.SetupComplete:
                frame.SetupComplete = value;
                break;
            case ServerParts.GoAway:
                frame.TimeLeft = value;
                break;
            case ServerParts.SessionResumptionUpdate:
                frame.NewHandle = value;
                frame.Resumable = false;
                break;
            default:
                break;
        }
    }

    private static void ResetContent(ref ServerFrame frame, ServerParts member, ref ServerParts content)
    {
        if (member == ServerParts.ServerContent)
        {
            content = ServerParts.None;
            frame.AudioBytes = 0;
            frame.InputText = frame.OutputText = default;
            frame.InputTranscriptionMember = frame.OutputTranscriptionMember = default;
        }
    }

    private static ServerParts ScanContent(ref Utf8JsonReader reader, ref ServerFrame frame)
    {
        var parts = ServerParts.None;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var start = (int)reader.TokenStartIndex;
            var member = ContentMember(PlainText(ref reader));
            reader.Read();
            var replaced = member switch
            {
                ServerParts.ModelAudio => ModelTurnParts,
                ServerParts.Unknown or ServerParts.OtherContent => ServerParts.None,
                _ => member,
            };
            parts &= ~replaced;
            switch (member)
            {
                case ServerParts.ModelAudio:
                    frame.AudioBytes = 0;
                    parts |= ScanModelTurn(ref reader, ref frame);
                    break;
                case ServerParts.InputTranscription:
                    parts |= ScanTranscription(ref reader, start, member, out frame.InputText, out frame.InputTranscriptionMember);
                    break;
                case ServerParts.OutputTranscription:
                    parts |= ScanTranscription(ref reader, start, member, out frame.OutputText, out frame.OutputTranscriptionMember);
                    break;
                case Statuses:
                    parts |= StatusHere(ref reader, ServerParts.OtherContent);
                    break;
                case ServerParts.Unknown or ServerParts.OtherContent:
                    parts |= reader.TokenType == JsonTokenType.Null ? ServerParts.None : member;
                    reader.Skip();
                    break;
                default:
                    parts |= TrueHere(ref reader) ? member : ServerParts.None;
                    break;
            }
        }

        return parts;
    }

    private static ServerParts ContentMember(ReadOnlySpan<byte> name) =>
        Is(name, "modelTurn"u8, "model_turn"u8) ? ServerParts.ModelAudio
        : Is(name, "outputTranscription"u8, "output_transcription"u8) ? ServerParts.OutputTranscription
        : Is(name, "inputTranscription"u8, "input_transcription"u8) ? ServerParts.InputTranscription
        : Is(name, "turnComplete"u8, "turn_complete"u8) ? ServerParts.TurnComplete
        : Is(name, "generationComplete"u8, "generation_complete"u8) ? ServerParts.GenerationComplete
        : name.SequenceEqual("interrupted"u8) ? ServerParts.Interrupted
        : Is(name, "interactionStatus"u8, "interaction_status"u8) ? Statuses
        : Is(name, "waitingForInput"u8, "waiting_for_input"u8) ? ServerParts.WaitingForInput
        : Is(name, "groundingMetadata"u8, "grounding_metadata"u8) ? ServerParts.OtherContent
        : Is(name, "urlContextMetadata"u8, "url_context_metadata"u8) ? ServerParts.OtherContent
        : Is(name, "turnCompleteReason"u8, "turn_complete_reason"u8) ? ServerParts.OtherContent
        : Is(name, "interimInputTranscription"u8, "interim_input_transcription"u8) ? ServerParts.OtherContent
        : Is(name, "speechState"u8, "speech_state"u8) ? ServerParts.OtherContent
        : ServerParts.Unknown;

    /// <param name="nameStart">Where the member's name begins, quote included.</param>
    private static ServerParts ScanTranscription(
        ref Utf8JsonReader reader, int nameStart, ServerParts flag, out FrameSlice text, out FrameSlice member)
    {
        text = default;
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            member = default;
            var absent = reader.TokenType == JsonTokenType.Null;
            reader.Skip();
            return absent ? ServerParts.None : ServerParts.Unknown;
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isText = PlainText(ref reader).SequenceEqual("text"u8);
            reader.Read();
            if (isText)
            {
                text = StringHere(ref reader);
            }
            else
            {
                reader.Skip();
            }
        }

        member = new FrameSlice(nameStart, (int)reader.BytesConsumed - nameStart);
        return flag;
    }

    private static void ScanResumption(ref Utf8JsonReader reader, ref ServerFrame frame)
    {
        frame.NewHandle = default;
        frame.Resumable = false;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = PlainText(ref reader);
            var isHandle = Is(name, "newHandle"u8, "new_handle"u8);
            var isResumable = !isHandle && name.SequenceEqual("resumable"u8);
            reader.Read();
            if (isHandle)
            {
                frame.NewHandle = StringHere(ref reader);
            }
            else if (isResumable)
            {
                frame.Resumable = TrueHere(ref reader);
            }
            else
            {
                reader.Skip();
            }
        }
    }

    private static void ScanGoAway(ref Utf8JsonReader reader, ref ServerFrame frame)
    {
        frame.TimeLeft = default;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isTime = Is(PlainText(ref reader), "timeLeft"u8, "time_left"u8);
            reader.Read();
            if (isTime)
            {
                frame.TimeLeft = StringHere(ref reader);
            }
            else
            {
                reader.Skip();
            }
        }
    }

    private static ServerParts StatusHere(ref Utf8JsonReader reader, ServerParts otherwise)
    {
        var status = reader.TokenType == JsonTokenType.Null ? ServerParts.None
            : reader.TokenType != JsonTokenType.String ? otherwise
            : reader.ValueTextEquals("IN_PROGRESS"u8) ? ServerParts.InteractionInProgress
            : reader.ValueTextEquals("IDLE"u8) || reader.ValueTextEquals("REQUIRES_ACTION"u8) ? ServerParts.InteractionIdle
            : otherwise;
        reader.Skip();
        return status;
    }
}
