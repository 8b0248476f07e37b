using System.Text.Json;
using Orchestrator.Journal;

namespace Orchestrator.Grains.Tests.Transcripts;

/// <summary>Journals of any facts in any order, including ones that no conversation would write.</summary>
internal static class RandomJournal
{
    private static readonly string[] Usages =
    [
        "null", "{}", "[]", "7", "\"x\"",
        """{"promptTokenCount":550,"responseTokenCount":49,"thoughtsTokenCount":71,"totalTokenCount":599,"promptTokensDetails":[{"modality":"TEXT","tokenCount":320},{"modality":"AUDIO","tokenCount":205}]}""",
        """{"promptTokenCount":"12","candidatesTokenCount":30,"candidatesTokensDetails":[{"modality":"AUDIO"},{"modality":"TEXT","tokenCount":7}]}""",
        """{"promptTokenCount":-4,"responseTokenCount":1e400,"promptTokensDetails":{"a":1},"responseTokensDetails":[null,3,{"modality":4},{"modality":"\ud800","tokenCount":3}]}""",
        """{"\ud800":1,"promptTokenCount":9223372036854775807,"responseTokenCount":99999999999999999999}""",
    ];

    public static List<JournalEntry> Make(Random random, int count) =>
        [.. Enumerable.Range(1, count).Select(n => new JournalEntry(n, DateTimeOffset.UnixEpoch.AddSeconds(n), Fact(random)))];

    public static ConversationFact Fact(Random random) => random.Next(14) switch
    {
        0 => new ConversationOpened(Word(random)!, Word(random)!, Usage(random)),
        1 => new ClientAttached(random.Next()),
        2 => new ClientDetached(random.Next(), null, Word(random)!),
        3 => new LinkOpened(random.Next(4), 1, Word(random)!, true, null),
        4 => new LinkLost(random.Next(4), Word(random)!, null, Word(random)!, Word(random)!),
        5 => new ToolCalled(random.Next(-1, 6), Word(random)!, Word(random)!, Usage(random)),
        6 => new ToolAnswered(Word(random)!, Word(random)!, Usage(random)),
        7 => new ToolCancelled(Word(random)!),
        8 or 9 or 10 => new TurnCommitted(random.Next(-1, 6), 1, 2, 3, Said(random), Said(random), (TurnEnding)random.Next(3), null, 1, random.Next(3) == 0 ? null : Usage(random)),
        11 => new TurnAmended(random.Next(-1, 6), Word(random), Word(random), random.Next(2) == 0 ? null : Usage(random)),
        12 => new UnreadableFact("newer", "why"),
        _ => new ConversationEnded(Word(random)!, Word(random)!),
    };

    // Journals are read leniently: a member that is missing is null here, whatever the contract says.
    private static string? Word(Random random) => random.Next(5) switch { 0 => null, 1 => "", 2 => "call_1", 3 => "call_2", _ => " слово" };

    private static Utterance? Said(Random random) => random.Next(4) switch
    {
        0 => null,
        1 => new Utterance(Word(random)!, 0, 0, 0),
        2 => new Utterance(Word(random)!, long.MaxValue, long.MinValue, random.Next(2) == 0 ? long.MaxValue : long.MinValue),
        _ => new Utterance(Word(random)!, 100, 900, 801),
    };

    private static JsonElement Usage(Random random) =>
        random.Next(8) == 0 ? default : JsonElement.Parse(Usages[random.Next(Usages.Length)]);
}
