using System.Globalization;
using System.Text.Json.Nodes;

namespace Orchestrator.Grains.Tests.Virtual;

/// <summary>One thing that the model knows at the end, in the order in which it knows it.</summary>
internal abstract record ContextItem
{
    private ContextItem()
    {
    }

    /// <summary>A word of the user's: heard, read or told.</summary>
    public sealed record Word(int Number, string Source) : ContextItem;

    /// <summary>A voice that is no whole word.</summary>
    public sealed record Damage(string Source) : ContextItem;

    /// <summary>Text of the user's without any of the test's words: a wrong or lost transcript.</summary>
    public sealed record Mumble(string Text) : ContextItem;

    /// <summary>What the model said itself.</summary>
    public sealed record Reply(string Text, byte[] Audio, string Ending) : ContextItem
    {
        public override string ToString() => $"Reply {Ending} '{Text}'";
    }

    /// <summary>What the model was told that it has said.</summary>
    public sealed record Told(string Text) : ContextItem;

    /// <summary>The gateway's own words.</summary>
    public sealed record Note(string Text, bool Content) : ContextItem;

    public sealed record Call(string Args) : ContextItem;

    public sealed record Result(string Text) : ContextItem;
}

/// <summary>The context of the last upstream session: what became of the whole conversation.</summary>
internal static class ModelContext
{
    public static IReadOnlyList<ContextItem> Read(VirtualConversation conversation)
    {
        if (LastSession(conversation) is not { } session)
        {
            return [];
        }

        var spoken = conversation.World.ReadModelAudio(session)!;
        return [.. conversation.World.ReadMemory(session)!["entries"]!.AsArray().SelectMany(entry => Items(entry!, spoken))];
    }

    /// <summary>The session of the newest connection.</summary>
    public static string? LastSession(VirtualConversation conversation) => conversation.World.ReadSessions()
        .OrderBy(session => session!["connections"]!.AsArray().Select(connection => (int)connection!["connection"]!).DefaultIfEmpty(0).Max())
        .Select(session => (string?)session!["session"])
        .LastOrDefault();

    private static IEnumerable<ContextItem> Items(JsonNode entry, byte[] spoken) => (string)entry["kind"]! switch
    {
        "audio" => Words(entry["words"]!.AsArray().Select(word => (string)word!), "audio"),
        "text" => Written((string)entry["text"]!, "text"),
        "content" when (bool)entry["pending"]! => [],
        "content" when (string)entry["role"]! != "model" => Written((string)entry["text"]!, "content"),
        "content" => ((string)entry["text"]!).StartsWith(VirtualConversation.NotePrefix, StringComparison.Ordinal)
            ? [new ContextItem.Note((string)entry["text"]!, Content: true)]
            : [new ContextItem.Told((string)entry["text"]!)],
        "model" => [new ContextItem.Reply(
            (string)entry["text"]!,
            spoken.AsSpan((int)(long)entry["audioFrom"]!, (int)entry["audioSamples"]! * 2).ToArray(),
            (string)entry["ending"]!)],
        "toolCall" => [new ContextItem.Call((string)entry["args"]!)],
        "toolResponse" => [new ContextItem.Result((string)entry["response"]!)],
        _ => [],
    };

    private static IEnumerable<ContextItem> Written(string text, string source) =>
        text.StartsWith(VirtualConversation.NotePrefix, StringComparison.Ordinal)
            ? [new ContextItem.Note(text, source == "content")]
            : Numbers(text).Any() ? Words(text.Split([' ', '\n'], StringSplitOptions.RemoveEmptyEntries), source) : [new ContextItem.Mumble(text)];

    private static IEnumerable<ContextItem> Words(IEnumerable<string> words, string source)
    {
        foreach (var word in words)
        {
            if (Number(word) is { } number)
            {
                yield return new ContextItem.Word(number, source);
            }
            else if (word == "?" && source == "audio")
            {
                yield return new ContextItem.Damage(source);
            }
        }
    }

    /// <summary>The test's words in a text, in order.</summary>
    public static IEnumerable<int> Numbers(string text) =>
        text.Split([' ', '\n'], StringSplitOptions.RemoveEmptyEntries).Select(Number).Where(number => number is not null).Select(number => number!.Value);

    private static int? Number(string word) =>
        word.Length > 1 && word[0] == 'w' && int.TryParse(word.AsSpan(1), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
}
