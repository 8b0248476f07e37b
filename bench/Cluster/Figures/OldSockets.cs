using Orchestrator.Bench.Cluster.Disturbances;
using Orchestrator.Bench.Cluster.Reading;

namespace Orchestrator.Bench.Cluster.Figures;

/// <summary>How long an owner that had lost a conversation without knowing it kept its upstream connection (P4: a second after it can learn).</summary>
internal static class OldSockets
{
    public static void Print(IReadOnlyList<Story> stories, IReadOnlyList<Moment> moments)
    {
        var left = stories.SelectMany(story => LeftBehind(story.Connections)).ToList();
        var late = left.Select(old => moments.LastOrDefault(moment => moment.From <= old.ReplacedAt) is { } moment ? (old.ClosedAt - moment.To)?.TotalMilliseconds : null)
            .OfType<double>().Where(ms => ms > 0).ToList();
        Console.WriteLine($"{left.Count} upstream connections were left behind by owners that had been replaced; {late.Count} were closed after the disturbance, ms p50 / p95 / max: {new Distribution(late)}; still open: {left.Count(old => old.ClosedAt is null)}.");
    }

    /// <summary>The conversation had opened another while this one was open.</summary>
    private static IEnumerable<(DateTimeOffset ReplacedAt, DateTimeOffset? ClosedAt)> LeftBehind(IReadOnlyList<UpstreamConnection> all) =>
        from old in all
        let next = all.Where(other => other.Number > old.Number).MinBy(other => other.Number)
        where next is not null && (old.ClosedAt is null || next.OpenedAt < old.ClosedAt.Value.AddMilliseconds(-20))
        select (next.OpenedAt, old.ClosedAt);
}
