using Orchestrator.Bench.Cluster.Disturbances;
using Orchestrator.Bench.Cluster.Reading;

namespace Orchestrator.Bench.Cluster.Figures;

/// <summary>How long an owner that had lost a conversation without knowing it kept its upstream connection (P4: a second after it can learn).</summary>
internal static class OldSockets
{
    public static void Print(IReadOnlyList<Story> stories, IReadOnlyList<Moment> moments)
    {
        var left = stories.SelectMany(story => story.Connections.Where(old => IsLeftBehind(old, story.Connections))).ToList();
        var late = moments.SelectMany(moment => left.Where(old => old.OpenedAt < moment.From && old.ClosedAt > moment.To).Select(old => (old.ClosedAt!.Value - moment.To).TotalMilliseconds).Where(ms => ms < 60_000)).ToList();
        Console.WriteLine($"{left.Count} upstream connections of owners that had been replaced; those that outlived the disturbance were closed after it, ms p50 / p95 / max: {new Distribution(late)} ({late.Count}); still open: {left.Count(old => old.ClosedAt is null)}.");
    }

    /// <summary>The conversation had opened another while this one was open.</summary>
    private static bool IsLeftBehind(UpstreamConnection old, IReadOnlyList<UpstreamConnection> all) =>
        all.Any(other => other.Number > old.Number && (old.ClosedAt is null || other.OpenedAt < old.ClosedAt.Value.AddMilliseconds(-20)));
}
