using System.Text;
using System.Text.Json;
using Gemini.Live.Scanning;

namespace Gemini.Live.Setup;

/// <summary>One member of an object, by its place in the bytes.</summary>
/// <param name="Name">With escapes undone.</param>
/// <param name="Whole">Name to value.</param>
/// <param name="Value">The value alone, quotes or braces included.</param>
internal readonly record struct SetupMember(string Name, FrameSlice Whole, FrameSlice Value, JsonTokenType Type)
{
    public bool IsObject => Type == JsonTokenType.StartObject;

    public bool Is(ReadOnlySpan<byte> camel, ReadOnlySpan<byte> snake)
    {
        var name = Encoding.UTF8.GetBytes(Name);
        return camel.SequenceEqual(name) || snake.SequenceEqual(name);
    }
}

/// <summary>The members of a valid JSON object, so that they can be cut out or kept byte by byte.</summary>
internal static class SetupMembers
{
    public static List<SetupMember> Of(ReadOnlySpan<byte> json)
    {
        var members = new List<SetupMember>();
        var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = SetupRules.DocumentOptions.MaxDepth });
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var start = (int)reader.TokenStartIndex;
            var name = FrameScanner.Unescape(reader.ValueSpan);
            reader.Read();
            var type = reader.TokenType;
            var value = (int)reader.TokenStartIndex;
            reader.Skip();
            var end = (int)reader.BytesConsumed;
            members.Add(new SetupMember(name, new FrameSlice(start, end - start), new FrameSlice(value, end - value), type));
        }

        return members;
    }
}
