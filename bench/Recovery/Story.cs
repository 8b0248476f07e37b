using System.Text.Json;
using System.Text.RegularExpressions;
using Orchestrator.Testing;

namespace Orchestrator.Bench.Recovery;

/// <summary>One conversation of a wave: what its client saw, what the journal says, what the model knows.</summary>
internal sealed record Story(Talker Talker, IReadOnlyList<JsonElement> Facts, int WordsLost, int WordsRepeated)
{
    public bool Survived => Talker.Failure is null;

    public IEnumerable<JsonElement> Of(string type) => Facts.Where(f => f.GetProperty("type").ValueEquals(type));

    /// <summary>Links that were lost, whatever became of them.</summary>
    public int Losses => Of("linkLost").Count(f => !f.GetProperty("cause").ValueEquals("clean"));

    public int Rotations => Of("linkRecovered").Count(f => f.GetProperty("kind").ValueEquals("rotation"));

    public int Seeded => Of("linkOpened").Count(f => f.TryGetProperty("seeded", out _));

    public int CutTurns => Of("turnCommitted").Count(f => f.GetProperty("ending").ValueEquals("cut"));

    /// <summary>Milliseconds of audio that link <paramref name="link"/> must be sent before it knows the question: from where
    /// its replay began to the silence that ended the turn. Long silence need not be sent again.</summary>
    public double NeededMs(int link, TalkTurn turn, double silenceMs)
    {
        var opened = Of("linkOpened").FirstOrDefault(f => f.GetProperty("link").GetInt32() == link);
        if (opened.ValueKind == JsonValueKind.Undefined || !opened.TryGetProperty("replayedFrom", out var from))
        {
            return double.NaN;
        }

        var (sum, quiet) = (silenceMs, 0.0);
        foreach (var frame in Talker.Sent.Take(turn.AskedFrames).Skip(from.GetInt32()))
        {
            quiet = frame.Voiced ? 0 : quiet + frame.AudioMs;
            sum += quiet <= 2_000 ? frame.AudioMs : 0;
        }

        return sum;
    }

    /// <summary>Asks REST and the simulator's oracle about everyone in a wave.</summary>
    public static async Task<IReadOnlyList<Story>> TellAsync(IReadOnlyList<Talker> talkers, OrchestratorApi? api, SimulatorOracle oracle)
    {
        var contexts = new Dictionary<int, List<int>>();
        foreach (var session in await oracle.SessionsAsync())
        {
            var words = Regex.Matches((await oracle.MemoryAsync(session)).GetRawText(), "\\bw(?<n>[0-9]+)", RegexOptions.ExplicitCapture, TimeSpan.FromSeconds(10))
                .Select(m => int.Parse(m.Groups["n"].ValueSpan, System.Globalization.CultureInfo.InvariantCulture)).ToList();
            if (words.Count > 0)
            {
                // Sessions come oldest first: the newest one is what the model knows in the end.
                contexts[words[0] / Talker.WordsPerTalker] = words;
            }
        }

        List<Story> stories = [];
        foreach (var talker in talkers)
        {
            var said = talker.Words.ToList();
            var known = said.Count > 0 && contexts.TryGetValue(said[0] / Talker.WordsPerTalker, out var words) ? words : [];
            List<JsonElement> facts = api is null || talker.ConversationId.Length == 0
                ? []
                : [.. (await api.GetAsync($"/v1/conversations/{talker.ConversationId}/events")).GetProperty("events").EnumerateArray().Select(e => e.GetProperty("fact"))];
            stories.Add(new Story(talker, facts, said.Except(known).Count(), known.Count - known.Distinct().Count()));
        }

        return stories;
    }
}
