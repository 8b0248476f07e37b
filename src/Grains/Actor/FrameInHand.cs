using System.Buffers;
using System.Text.Json;
using System.Text.Json.Nodes;
using Gemini.Live.Scanning;
using Orchestrator.Attach;

namespace Orchestrator.Grains.Actor;

/// <summary>The link frame that effects speak of while it is being handled, and what of it a client gets.</summary>
internal sealed class FrameInHand(ConversationId conversation)
{
    private readonly ArrayBufferWriter<byte> _edited = new();
    private ReadOnlyMemory<byte> _bytes;
    private ServerFrame _scanned;

    public int AudioMs => ServerNotices.AudioMs(_scanned);

    public OutputTraits Traits =>
        (_scanned.Has(ServerParts.ModelAudio) ? OutputTraits.Audio : OutputTraits.None)
        | (_scanned.Has(ServerParts.InputTranscription | ServerParts.OutputTranscription | ServerParts.ModelText | ServerParts.ToolCall) ? OutputTraits.Words : OutputTraits.None);

    public void Take(ReadOnlyMemory<byte> bytes, in ServerFrame scanned) => (_bytes, _scanned) = (bytes, scanned);

    /// <summary>The frame as a client asked for it; valid until the next call.</summary>
    public ReadOnlySpan<byte> For(bool stripInput, bool stripOutput, bool stripTools)
    {
        if (stripTools)
        {
            return WithoutTools(_bytes.Span, stripInput, stripOutput);
        }

        if (_scanned.Has(ServerParts.SetupComplete))
        {
            return WithSessionId(_bytes.Span);
        }

        var strips = (stripInput && !_scanned.InputTranscriptionMember.IsEmpty, stripOutput && !_scanned.OutputTranscriptionMember.IsEmpty);
        if (strips == (false, false))
        {
            return _bytes.Span;
        }

        ReadOnlySpan<FrameSlice> members = strips switch
        {
            (true, true) => [_scanned.InputTranscriptionMember, _scanned.OutputTranscriptionMember],
            (true, false) => [_scanned.InputTranscriptionMember],
            _ => [_scanned.OutputTranscriptionMember],
        };
        _edited.ResetWrittenCount();
        FrameEditor.WriteWithout(_bytes.Span, members, _edited);
        return _edited.WrittenSpan;
    }

    /// <summary>What stands beside functions in one frame; rare enough to be read and written whole.</summary>
    private static ReadOnlySpan<byte> WithoutTools(ReadOnlySpan<byte> frame, bool stripInput, bool stripOutput)
    {
        if (JsonNode.Parse(frame) is not JsonObject message)
        {
            return frame;
        }

        Remove(message, "toolCall", "tool_call");
        Remove(message, "toolCallCancellation", "tool_call_cancellation");
        if ((message["serverContent"] ?? message["server_content"]) is JsonObject content)
        {
            Remove(content, stripInput ? "inputTranscription" : "", stripInput ? "input_transcription" : "");
            Remove(content, stripOutput ? "outputTranscription" : "", stripOutput ? "output_transcription" : "");
        }

        return JsonSerializer.SerializeToUtf8Bytes(message);
    }

    private static void Remove(JsonObject from, string camel, string snake)
    {
        from.Remove(camel);
        from.Remove(snake);
    }

    /// <summary>Upstream's own <c>setupComplete</c> goes to a client that waits for a consent signature, under our id.</summary>
    private ReadOnlySpan<byte> WithSessionId(ReadOnlySpan<byte> frame)
    {
        if (JsonNode.Parse(frame) is not JsonObject message || message["setupComplete"] is not JsonObject complete)
        {
            return frame;
        }

        complete["sessionId"] = conversation.ToString();
        return JsonSerializer.SerializeToUtf8Bytes(message);
    }
}
