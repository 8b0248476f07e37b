using System.Text;
using System.Text.Json;

namespace Gemini.Live.Scanning;

public static partial class FrameScanner
{
    /// <summary>
    /// Scans a client frame (dossier §2). Refused are bytes that are not a JSON object, a frame without any known union
    /// member, and one with two; members that we do not know beside or inside a known one are upstream's to judge.
    /// </summary>
    public static bool TryScanClient(ReadOnlySpan<byte> json, out ClientFrame frame, out WireFault fault)
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

            string? unknown = null;
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var kind = UnionMember(PlainText(ref reader));
                if (kind == ClientMessageKind.None)
                {
                    unknown ??= Unescape(reader.ValueSpan);
                }

                reader.Read();
                if (kind == ClientMessageKind.None || reader.TokenType == JsonTokenType.Null)
                {
                    if (kind == frame.Kind)
                    {
                        frame = default; // null was the last word on a member seen before
                    }

                    reader.Skip();
                }
                else if (frame.Kind != ClientMessageKind.None && frame.Kind != kind)
                {
                    fault = fault.Reason is null ? WireFault.SecondUnionMember(NameInProto(kind)) : fault;
                    reader.Skip();
                }
                else if (reader.TokenType != JsonTokenType.StartObject)
                {
                    fault = fault.Reason is null ? WireFault.InvalidValue(NameInProto(kind)) : fault;
                    reader.Skip();
                }
                else
                {
                    frame = default;
                    frame.Kind = kind;
                    var start = (int)reader.TokenStartIndex;
                    ScanBody(ref reader, ref frame);
                    frame.Body = new FrameSlice(start, (int)reader.BytesConsumed - start);
                }
            }

            reader.Read(); // trailing garbage throws here
            if (fault.Reason is null && frame.Kind == ClientMessageKind.None)
            {
                fault = unknown is null ? WireFault.InvalidArgument : WireFault.UnknownName(unknown);
            }

            return fault.Reason is null;
        }
        catch (JsonException)
        {
            fault = WireFault.NotJson;
            return false;
        }
    }

    private static ClientMessageKind UnionMember(ReadOnlySpan<byte> name) =>
        Is(name, "realtimeInput"u8, "realtime_input"u8) ? ClientMessageKind.RealtimeInput
        : Is(name, "clientContent"u8, "client_content"u8) ? ClientMessageKind.ClientContent
        : Is(name, "toolResponse"u8, "tool_response"u8) ? ClientMessageKind.ToolResponse
        : Is(name, "contextUpdate"u8, "context_update"u8) ? ClientMessageKind.ContextUpdate
        : name.SequenceEqual("setup"u8) ? ClientMessageKind.Setup
        : ClientMessageKind.None;

    private static string NameInProto(ClientMessageKind kind) => kind switch
    {
        ClientMessageKind.Setup => "setup",
        ClientMessageKind.ClientContent => "client_content",
        ClientMessageKind.RealtimeInput => "realtime_input",
        ClientMessageKind.ToolResponse => "tool_response",
        _ => "context_update",
    };

    /// <summary>From the body's opening brace to its closing one.</summary>
    private static void ScanBody(ref Utf8JsonReader reader, ref ClientFrame frame)
    {
        if (frame.Kind is not (ClientMessageKind.RealtimeInput or ClientMessageKind.ClientContent))
        {
            reader.Skip();
            return;
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = PlainText(ref reader);
            if (frame.Kind == ClientMessageKind.ClientContent)
            {
                var completes = Is(name, "turnComplete"u8, "turn_complete"u8);
                reader.Read();
                var value = TrueHere(ref reader);
                frame.TurnComplete = completes ? value : frame.TurnComplete;
                continue;
            }

            var part = RealtimePart(name);
            reader.Read();
            frame.Realtime &= ~part;
            if (reader.TokenType is not JsonTokenType.Null and not JsonTokenType.False)
            {
                frame.Realtime |= part;
            }

            switch (part)
            {
                case RealtimeParts.Audio:
                    ScanBlob(ref reader, out frame.AudioData, out frame.AudioMimeType);
                    break;
                case RealtimeParts.Video:
                    ScanBlob(ref reader, out frame.VideoData, out _);
                    break;
                case RealtimeParts.Text:
                    frame.Text = StringHere(ref reader);
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }
    }

    private static RealtimeParts RealtimePart(ReadOnlySpan<byte> name) =>
        name.SequenceEqual("audio"u8) ? RealtimeParts.Audio
        : name.SequenceEqual("video"u8) ? RealtimeParts.Video
        : name.SequenceEqual("text"u8) ? RealtimeParts.Text
        : Is(name, "activityStart"u8, "activity_start"u8) ? RealtimeParts.ActivityStart
        : Is(name, "activityEnd"u8, "activity_end"u8) ? RealtimeParts.ActivityEnd
        : Is(name, "audioStreamEnd"u8, "audio_stream_end"u8) ? RealtimeParts.AudioStreamEnd
        : Is(name, "mediaChunks"u8, "media_chunks"u8) ? RealtimeParts.MediaChunks
        : RealtimeParts.None;

    /// <summary><c>{data, mimeType}</c>; any other value is skipped.</summary>
    private static void ScanBlob(ref Utf8JsonReader reader, out FrameSlice data, out FrameSlice mimeType)
    {
        data = default;
        mimeType = default;
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            return;
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = PlainText(ref reader);
            var isData = name.SequenceEqual("data"u8);
            var isType = !isData && Is(name, "mimeType"u8, "mime_type"u8);
            reader.Read();
            if (isData)
            {
                data = StringHere(ref reader);
            }
            else if (isType)
            {
                mimeType = StringHere(ref reader);
            }
            else
            {
                reader.Skip();
            }
        }
    }
}
