using System.Text.Json;
using System.Text.RegularExpressions;
using Orchestrator.Testing;
using Xunit;

namespace Orchestrator.EndToEnd.Cluster;

/// <summary>
/// The oracle of the cluster's stories (P2, P3): what a talker said is once, whole and in order in the context of the session that
/// its conversation ended up in, as sound or, where that session was told the history, as text; and in the journal. A word counts
/// only if each of its 4,800 samples arrived.
/// </summary>
internal static partial class EverythingOnce
{
    /// <summary>Checks model and journal.</summary>
    public static async Task CheckAsync(ClusterWorld world, params IEnumerable<Talker> talkers)
    {
        var contexts = await ContextsAsync(world.Simulator.Oracle);
        foreach (var talker in talkers)
        {
            var final = contexts.LastOrDefault(context => context.Words.Intersect(talker.Said).Any())
                ?? throw new InvalidOperationException($"No session has heard anything of {talker.ConversationId}.");
            Assert.True(
                final.Words.SequenceEqual(talker.Said),
                $"{talker.ConversationId} said {string.Join(' ', talker.Said)}; session {final.Session} knows {string.Join(' ', final.Words)}");
            var completed = (await world.FrontEnds[0].Api().TurnsAsync(talker.ConversationId)).Where(IsComplete).ToList();
            Assert.True(completed.Count >= talker.Completed, $"{talker.ConversationId} saw {talker.Completed} turns complete, the journal has {completed.Count}.");
            Assert.Equal(talker.Said, completed.SelectMany(turn => Words(turn.GetProperty("user").GetProperty("text").GetString()!)));
        }
    }

    /// <summary>Sessions that have heard a talker, the one opened last at the end.</summary>
    public static async Task<IReadOnlyList<string>> SessionsOfAsync(ClusterWorld world, Talker talker) =>
        [.. (await ContextsAsync(world.Simulator.Oracle)).Where(context => context.Words.Intersect(talker.Said).Any()).Select(context => context.Session)];

    /// <summary>What each session's context contains, by the time of its newest connection.</summary>
    private static async Task<List<Context>> ContextsAsync(SimulatorOracle oracle)
    {
        List<Context> contexts = [];
        foreach (var session in await oracle.DescribeAsync())
        {
            var id = session.GetProperty("session").GetString()!;
            var words = (await oracle.MemoryAsync(id)).GetProperty("entries").EnumerateArray().SelectMany(Words).ToList();
            contexts.Add(new Context(id, session.GetProperty("connections").EnumerateArray().Max(c => c.GetProperty("openedAt").GetDateTimeOffset()), words));
        }

        return [.. contexts.OrderBy(context => context.OpenedAt)];
    }

    private static IEnumerable<string> Words(JsonElement entry) => entry.GetProperty("kind").GetString() switch
    {
        "audio" => entry.GetProperty("words").EnumerateArray().Select(word => word.GetString()!),
        "content" => Words(entry.GetProperty("text").GetString()!),
        _ => [],
    };

    private static IEnumerable<string> Words(string text) => Word().Matches(text).Select(match => match.Value);

    private static bool IsComplete(JsonElement turn) => turn.GetProperty("ending").GetString()!.Equals("completed", StringComparison.OrdinalIgnoreCase);

    [GeneratedRegex(@"\bw\d+\b|\?", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Word();

    private sealed record Context(string Session, DateTimeOffset OpenedAt, IReadOnlyList<string> Words);
}
