using System.Buffers;

namespace Gemini.Live.Scanning;

/// <summary>
/// Vertex's server frames in the words of the Developer API (dossier §3.2, §3.6). A conversation may move from the one to
/// the other, and its client, which speaks the Developer API, must not notice: it would find no usage, and no rate.
/// </summary>
public static class VertexFrames
{
    /// <summary>
    /// Writes the frame with the Developer API's names. False, and nothing is written, when it has none of Vertex's.
    /// Only whole JSON strings are replaced: what a model says or a user said cannot contain an unescaped quote. Calls are
    /// left alone, because their arguments are somebody else's JSON.
    /// </summary>
    public static bool TryTranslate(ReadOnlySpan<byte> frame, IBufferWriter<byte> to)
    {
        if (Find(frame, out var from, out var becomes) < 0 || frame.IndexOf("\"toolCall\""u8) >= 0)
        {
            return false;
        }

        while (Find(frame, out from, out becomes) is >= 0 and var at)
        {
            to.Write(frame[..at]);
            to.Write(becomes);
            frame = frame[(at + from)..];
        }

        to.Write(frame);
        return true;
    }

    /// <summary>The first of Vertex's words: where it is, how long it is, and what it becomes.</summary>
    private static int Find(ReadOnlySpan<byte> frame, out int length, out ReadOnlySpan<byte> becomes)
    {
        var first = -1;
        length = 0;
        becomes = default;
        First(frame, "\"audio/pcm\""u8, "\"audio/pcm;rate=24000\""u8, ref first, ref length, ref becomes);
        First(frame, "\"candidatesTokenCount\""u8, "\"responseTokenCount\""u8, ref first, ref length, ref becomes);
        First(frame, "\"candidatesTokensDetails\""u8, "\"responseTokensDetails\""u8, ref first, ref length, ref becomes);
        return first;
    }

    private static void First(
        ReadOnlySpan<byte> frame, ReadOnlySpan<byte> word, ReadOnlySpan<byte> other, ref int first, ref int length, ref ReadOnlySpan<byte> becomes)
    {
        var at = (first < 0 ? frame : frame[..first]).IndexOf(word);
        if (at >= 0)
        {
            first = at;
            length = word.Length;
            becomes = other;
        }
    }
}
