using System.Text;
using System.Text.Json;

namespace Gemini.Live.Scanning;

/// <summary>
/// Finds in a frame what the conversation must know, in one pass and without deserialising: values are given as slices
/// of the frame, inline audio is stepped over. Accepts camelCase and snake_case at every level (ProtoJSON, dossier §1.4);
/// of duplicated members the last one counts; <c>null</c> means absent. Never throws, whatever the bytes are.
/// </summary>
public static partial class FrameScanner
{
    // Deeper than any real frame (a tool's schema nests a few dozen levels), and what protobuf's own parsers allow.
    private static readonly JsonReaderOptions ReaderOptions = new() { MaxDepth = 100 };

    /// <summary>The text of a string slice, with escapes undone. Broken UTF-8 and lone surrogates become U+FFFD.</summary>
    public static string ReadText(ReadOnlySpan<byte> frame, FrameSlice slice) => Unescape(slice.Of(frame));

    internal static string Unescape(ReadOnlySpan<byte> escaped)
    {
        var text = Encoding.UTF8.GetString(escaped);
        var at = text.IndexOf('\\', StringComparison.Ordinal);
        if (at < 0)
        {
            return text;
        }

        var plain = new StringBuilder(text.Length);
        var from = 0;
        while (at >= 0 && at + 1 < text.Length)
        {
            plain.Append(text, from, at - from);
            var kind = text[at + 1];
            from = at + 2;
            if (kind == 'u' && TryHex(text, from, out var unit))
            {
                plain.Append(unit);
                from += 4;
            }
            else
            {
                plain.Append(kind switch { 'n' => '\n', 't' => '\t', 'r' => '\r', 'b' => '\b', 'f' => '\f', _ => kind });
            }

            at = text.IndexOf('\\', from);
        }

        return ReplaceLoneSurrogates(plain.Append(text, from, text.Length - from));
    }

    private static bool TryHex(string text, int at, out char unit)
    {
        unit = default;
        return at + 4 <= text.Length
            && ushort.TryParse(text.AsSpan(at, 4), System.Globalization.NumberStyles.AllowHexSpecifier, null, out var value)
            && (unit = (char)value) == value;
    }

    private static string ReplaceLoneSurrogates(StringBuilder text)
    {
        for (var i = 0; i < text.Length; i++)
        {
            if (char.IsHighSurrogate(text[i]) && i + 1 < text.Length && char.IsLowSurrogate(text[i + 1]))
            {
                i++;
            }
            else if (char.IsSurrogate(text[i]))
            {
                text[i] = '\uFFFD';
            }
        }

        return text.ToString();
    }

    /// <summary>The property name or string that the reader stands on, with escapes undone.</summary>
    private static ReadOnlySpan<byte> PlainText(ref Utf8JsonReader reader) =>
        reader.ValueIsEscaped ? Encoding.UTF8.GetBytes(Unescape(reader.ValueSpan)) : reader.ValueSpan;

    private static bool Is(ReadOnlySpan<byte> name, ReadOnlySpan<byte> camel, ReadOnlySpan<byte> snake) =>
        name.SequenceEqual(camel) || name.SequenceEqual(snake);

    /// <summary>The string that the reader stands on, without quotes; empty for any other token, which is skipped.</summary>
    private static FrameSlice StringHere(ref Utf8JsonReader reader)
    {
        if (reader.TokenType == JsonTokenType.String)
        {
            return new FrameSlice((int)reader.TokenStartIndex + 1, reader.ValueSpan.Length);
        }

        reader.Skip();
        return default;
    }

    /// <summary>Skips the value that the reader stands on and gives all of it.</summary>
    private static FrameSlice ValueHere(ref Utf8JsonReader reader)
    {
        var start = (int)reader.TokenStartIndex;
        reader.Skip();
        return new FrameSlice(start, (int)reader.BytesConsumed - start);
    }

    private static bool TrueHere(ref Utf8JsonReader reader)
    {
        var value = reader.TokenType == JsonTokenType.True;
        reader.Skip();
        return value;
    }
}
