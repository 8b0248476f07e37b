namespace Gemini.Live.Simulator.Model;

/// <summary>The scripted replies of a world. Guarded by the world's gate.</summary>
internal sealed class ScriptBook(IEnumerable<ScriptRule> rules)
{
    private readonly List<(ScriptRule Rule, int[] Used)> _rules = [.. rules.Select(rule => (rule, new int[1]))];

    public void Replace(IEnumerable<ScriptRule> rules)
    {
        _rules.Clear();
        _rules.AddRange(rules.Select(rule => (rule, new int[1])));
    }

    public IReadOnlyList<ScriptRule> All() => [.. _rules.Select(entry => entry.Rule)];

    /// <summary>The reply for this turn, or null when no rule matches.</summary>
    public ScriptedReply? Take(string model, string session, int turn, string heard, bool owed)
    {
        foreach (var (rule, used) in _rules)
        {
            if ((rule.Reply.Rest && !owed)
                || (rule.Times > 0 && used[0] >= rule.Times)
                || (rule.Model is not null && !model.Contains(rule.Model, StringComparison.Ordinal))
                || (rule.Session is not null && rule.Session != session)
                || (rule.Turn is { } nth && nth != turn)
                || (rule.Contains is not null && !heard.Contains(rule.Contains, StringComparison.OrdinalIgnoreCase)))
            {
                continue;
            }
            used[0]++;
            return rule.Reply;
        }
        return null;
    }
}
