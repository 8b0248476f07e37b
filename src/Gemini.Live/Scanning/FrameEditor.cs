using System.Buffers;
using System.Text.Json;

namespace Gemini.Live.Scanning;

/// <summary>Cuts members out of frames without reading the rest: every other byte stays as it was.</summary>
public static class FrameEditor
{
    private const ServerParts Content =
        ServerParts.ModelAudio | ServerParts.ModelText | ServerParts.ModelThought | ServerParts.ModelOther |
        ServerParts.InputTranscription | ServerParts.OutputTranscription |
        ServerParts.GenerationComplete | ServerParts.Interrupted;

    /// <summary>
    /// Copies a frame without the given members (whole members, name to value, in any order; empty slices are ignored)
    /// and without the commas that belonged to them. Used to strip transcriptions that the client did not ask for.
    /// </summary>
    public static void WriteWithout(ReadOnlySpan<byte> frame, ReadOnlySpan<FrameSlice> members, IBufferWriter<byte> to)
    {
        var output = to.GetSpan(Math.Max(1, frame.Length));
        var length = 0;
        var at = 0;
        while (at < frame.Length)
        {
            var member = NextFrom(members, at);
            if (member.IsEmpty)
            {
                break;
            }

            frame[at..member.Start].CopyTo(output[length..]);
            length += member.Start - at;
            at = SkipSpace(frame, member.Start + member.Length);
            if (at < frame.Length && frame[at] == ',')
            {
                at++;
            }
            else
            {
                // The last member of its object: the comma before it goes, seen in what was kept.
                var end = length;
                while (end > 0 && IsSpace(output[end - 1]))
                {
                    end--;
                }

                length = end > 0 && output[end - 1] == ',' ? end - 1 : length;
            }
        }

        frame[at..].CopyTo(output[length..]);
        to.Advance(length + frame.Length - at);
    }

    /// <summary>
    /// Makes two frames of one that carries content beside <c>turnComplete</c> (dossier §3.8.10): the content, and then
    /// the end of the turn with <c>interactionStatus</c>, <c>turnCompleteReason</c> and <c>usageMetadata</c>, which may
    /// have to wait for the turn to be durable. Null when there is nothing to split.
    /// </summary>
    public static (byte[] Content, byte[] TurnEnd)? SplitTurnEnd(ReadOnlySpan<byte> frame)
    {
        if (!FrameScanner.TryScanServer(frame, out var scan, out _) || !scan.Has(ServerParts.TurnComplete) || !scan.Has(Content))
        {
            return null;
        }

        var inside = new List<FrameSlice>();
        var beside = new List<FrameSlice>();
        FindTurnEnd(frame, inside, beside);

        var content = new ArrayBufferWriter<byte>(frame.Length);
        WriteWithout(frame, [.. inside, .. beside], content);

        var end = new ArrayBufferWriter<byte>(256);
        end.Write("{\"serverContent\":{"u8);
        WriteJoined(frame, inside, end);
        end.Write("}"u8);
        if (beside.Count > 0)
        {
            end.Write(","u8);
            WriteJoined(frame, beside, end);
        }

        end.Write("}"u8);
        return (content.WrittenSpan.ToArray(), end.WrittenSpan.ToArray());
    }

    /// <param name="inside">Receives the members of serverContent that end the turn.</param>
    /// <param name="beside">Receives the members beside serverContent that go with it.</param>
    private static void FindTurnEnd(ReadOnlySpan<byte> frame, List<FrameSlice> inside, List<FrameSlice> beside)
    {
        var reader = new Utf8JsonReader(frame, new JsonReaderOptions { MaxDepth = 100 });
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var start = (int)reader.TokenStartIndex;
            if (reader.ValueTextEquals("serverContent"u8) || reader.ValueTextEquals("server_content"u8))
            {
                reader.Read();
                var isObject = reader.TokenType == JsonTokenType.StartObject;
                if (!isObject)
                {
                    reader.Skip();
                }

                while (isObject && reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
                {
                    var innerStart = (int)reader.TokenStartIndex;
                    var ends = reader.ValueTextEquals("turnComplete"u8) || reader.ValueTextEquals("turn_complete"u8)
                        || reader.ValueTextEquals("turnCompleteReason"u8) || reader.ValueTextEquals("turn_complete_reason"u8)
                        || IsStatus(ref reader);
                    Take(ref reader, innerStart, ends ? inside : null);
                }
            }
            else
            {
                var goes = reader.ValueTextEquals("usageMetadata"u8) || reader.ValueTextEquals("usage_metadata"u8) || IsStatus(ref reader);
                Take(ref reader, start, goes ? beside : null);
            }
        }
    }

    private static bool IsStatus(ref Utf8JsonReader reader) =>
        reader.ValueTextEquals("interactionStatus"u8) || reader.ValueTextEquals("interaction_status"u8);

    private static void Take(ref Utf8JsonReader reader, int start, List<FrameSlice>? to)
    {
        reader.Read();
        reader.Skip();
        to?.Add(new FrameSlice(start, (int)reader.BytesConsumed - start));
    }

    private static void WriteJoined(ReadOnlySpan<byte> frame, List<FrameSlice> members, IBufferWriter<byte> to)
    {
        for (var i = 0; i < members.Count; i++)
        {
            to.Write(i == 0 ? ""u8 : ","u8);
            to.Write(members[i].Of(frame));
        }
    }

    /// <summary>The first member that begins at or after a place; empty when there is none.</summary>
    private static FrameSlice NextFrom(ReadOnlySpan<FrameSlice> members, int at)
    {
        FrameSlice next = default;
        foreach (var member in members)
        {
            if (!member.IsEmpty && member.Start >= at && (next.IsEmpty || member.Start < next.Start))
            {
                next = member;
            }
        }

        return next;
    }

    private static int SkipSpace(ReadOnlySpan<byte> frame, int at)
    {
        while (at < frame.Length && IsSpace(frame[at]))
        {
            at++;
        }

        return at;
    }

    private static bool IsSpace(byte value) => value is (byte)' ' or (byte)'\t' or (byte)'\n' or (byte)'\r';
}
