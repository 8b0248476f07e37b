using Orchestrator.Bench.Cluster.Disturbances;
using Orchestrator.Bench.Cluster.Reading;

namespace Orchestrator.Bench.Cluster.Figures;

/// <summary>How long take-overs took, and where the time went, from the journals.</summary>
internal sealed class TakeoverReport(IReadOnlyList<Story> stories, IReadOnlyList<Moment> moments)
{
    public void Print()
    {
        var all = stories.SelectMany(story => Takeovers(story.Facts)).ToList();
        if (all.Count == 0)
        {
            Console.WriteLine("No take-over.");
            return;
        }

        Console.WriteLine();
        Console.WriteLine($"| {all.Count} take-overs, ms | p50 / p95 / max |");
        Console.WriteLine("|---|---|");
        Row("as journaled (gapMs), without claim and load, until upstream has all input", all.Select(one => one.GapMs));
        Row("from the signal until upstream has all input", all.Select(one => Since(one.OpenedAt)).OfType<double>());
        Row("– from the signal to the new owner's first fact", all.Select(one => Since(one.AttachedAt)).OfType<double>());
        Row("– from there to the new upstream session", all.Select(one => (one.OpenedAt - one.AttachedAt).TotalMilliseconds));
        Console.WriteLine($"Rungs: {string.Join(", ", all.CountBy(one => one.Rung).Select(rung => $"{rung.Value} × {rung.Key}"))}. Tries: {string.Join(", ", all.CountBy(one => one.Tries).OrderBy(tries => tries.Key).Select(tries => $"{tries.Value} × {tries.Key}"))}. Refusals: {string.Join(", ", all.SelectMany(one => one.Refusals).CountBy(cause => cause).Select(cause => $"{cause.Value} × {cause.Key}").DefaultIfEmpty("none"))}.");
    }

    private static void Row(string what, IEnumerable<double> values) => Console.WriteLine($"| {what} | {new Distribution(values)} |");

    /// <summary>From the newest disturbance before it, while that lasted or soon after.</summary>
    private double? Since(DateTimeOffset at) =>
        moments.LastOrDefault(moment => moment.From <= at && at <= moment.To.AddSeconds(4)) is { } moment ? (at - moment.From).TotalMilliseconds : null;

    private static IEnumerable<Takeover> Takeovers(IReadOnlyList<WrittenFact> facts)
    {
        for (var i = 0; i < facts.Count; i++)
        {
            if (facts[i].Is("linkRecovered") && facts[i].Text("kind") == "takeover")
            {
                var attached = Before(facts, i, "clientAttached");
                var opened = Before(facts, i, "linkOpened");
                yield return new Takeover(
                    facts[attached].At,
                    facts[opened].At,
                    facts[i].Number("gapMs"),
                    (int)facts[i].Number("tries"),
                    facts[i].Text("rung")!,
                    [.. facts.Take(opened).Skip(attached).Where(fact => fact.Is("linkLost")).Select(fact => fact.Text("cause")!)]);
            }
        }
    }

    private static int Before(IReadOnlyList<WrittenFact> facts, int at, string type)
    {
        while (at > 0 && !facts[at].Is(type))
        {
            at--;
        }

        return at;
    }

    private sealed record Takeover(DateTimeOffset AttachedAt, DateTimeOffset OpenedAt, double GapMs, int Tries, string Rung, IReadOnlyList<string> Refusals);
}
