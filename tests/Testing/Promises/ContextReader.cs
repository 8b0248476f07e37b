using System.Globalization;
using System.Text.Json.Nodes;

namespace Orchestrator.Testing.Promises;

/// <summary>Reads what the simulator says a session's context contains.</summary>
public static class ContextReader
{
    /// <summary>How the gateway's own words begin.</summary>
    public const string NotePrefix = "[system note: ";

    /// <param name="memory">The answer of <c>/sim/v1/sessions/{id}/memory</c>.</param>
    /// <param name="spoken">All that the model said in the session, 24 kHz PCM16.</param>
    public static IReadOnlyList<ContextItem> Read(JsonNode memory, byte[] spoken) =>
        [.. memory["entries"]!.AsArray().SelectMany(entry => Items(entry!, spoken))];

    private static IEnumerable<ContextItem> Items(JsonNode entry, byte[] spoken) => (string)entry["kind"]! switch
    {
        "audio" => Words(entry["words"]!.AsArray().Select(word => (string)word!), "audio"),
        "text" => Written((string)entry["text"]!, "text"),
        "content" when (bool)entry["pending"]! => [],
        "content" when (string)entry["role"]! != "model" => Written((string)entry["text"]!, "content"),
        "content" => ((string)entry["text"]!).StartsWith(NotePrefix, StringComparison.Ordinal)
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
        text.StartsWith(NotePrefix, StringComparison.Ordinal)
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
