using System.Buffers;
using System.Buffers.Text;

namespace Orchestrator.Attach;

/// <summary>
/// How a frame is kept: its base64 as the bytes that it stands for, a quarter less, if exactly the same text comes out of them
/// again. What is no base64 as an encoder writes it is kept as it is.
/// </summary>
/// <param name="Head">Bytes before the base64; 0 when the frame is kept as it is.</param>
/// <param name="Tail">Bytes behind it.</param>
/// <param name="Padding">How many of its characters are padding.</param>
internal readonly record struct FramePacking(byte Head, byte Tail, byte Padding)
{
    /// <summary>Less is not worth it.</summary>
    private const int Least = 64;

    public bool IsPacked => Head != 0;

    public static FramePacking Of(ReadOnlySpan<byte> frame)
    {
        var start = frame[..Math.Min(frame.Length, byte.MaxValue)];
        var head = start.IndexOf("\"data\""u8) + "\"data\""u8.Length;
        if (head < "\"data\""u8.Length)
        {
            return default;
        }

        head += Math.Max(0, start[head..].IndexOfAnyExcept(" :\t\r\n"u8));
        if (head == start.Length || start[head++] != (byte)'"')
        {
            return default;
        }

        var base64 = frame[head..];
        var length = base64.IndexOf((byte)'"');
        var tail = base64.Length - length;
        if (length < Least || length % 4 != 0 || tail > byte.MaxValue || head > byte.MaxValue)
        {
            return default;
        }

        base64 = base64[..length];
        var padding = base64[^1] != (byte)'=' ? 0 : base64[^2] != (byte)'=' ? 1 : 2;
        // A decoder forgives white space, and bits in the last character that mean nothing: an encoder would not write them again.
        return Base64.IsValid(base64, out var bytes) && bytes == (length / 4 * 3) - padding && (padding == 0 || IsAsEncoded(base64[^4..]))
            ? new FramePacking((byte)head, (byte)tail, (byte)padding)
            : default;
    }

    /// <summary>Bytes that a frame of this length is kept in.</summary>
    public int SizeOf(int length) => IsPacked ? length - ((length - Head - Tail) / 4) - Padding : length;

    public void Pack(ReadOnlySpan<byte> frame, Span<byte> to)
    {
        if (!IsPacked)
        {
            frame.CopyTo(to);
            return;
        }

        frame[..Head].CopyTo(to);
        Base64.DecodeFromUtf8(frame[Head..^Tail], to[Head..], out _, out var bytes);
        frame[^Tail..].CopyTo(to[(Head + bytes)..]);
    }

    public void Unpack(ReadOnlySpan<byte> kept, Span<byte> to)
    {
        if (!IsPacked)
        {
            kept.CopyTo(to);
            return;
        }

        kept[..Head].CopyTo(to);
        Base64.EncodeToUtf8(kept[Head..^Tail], to[Head..], out _, out var characters);
        kept[^Tail..].CopyTo(to[(Head + characters)..]);
    }

    private static bool IsAsEncoded(ReadOnlySpan<byte> last)
    {
        Span<byte> bytes = stackalloc byte[3];
        Span<byte> again = stackalloc byte[4];
        return Base64.DecodeFromUtf8(last, bytes, out _, out var written) == OperationStatus.Done
            && Base64.EncodeToUtf8(bytes[..written], again, out _, out _) == OperationStatus.Done
            && again.SequenceEqual(last);
    }
}
