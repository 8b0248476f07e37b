using System.Diagnostics.Metrics;
using Orchestrator.Silo.Hosting;

namespace Orchestrator.Silo.Stores.Postgres;

/// <summary>How the database does as a journal, in the meter <c>Orchestrator.Silo</c>. Tags are fixed words.</summary>
public sealed class PostgresMetrics
{
    private readonly Histogram<double> duration;
    private readonly Histogram<double> batch;
    private readonly Counter<long> appends;
    private readonly Counter<long> failures;
    private readonly UpDownCounter<long> waiting;

    public PostgresMetrics(IMeterFactory factory)
    {
        var meter = factory.Create(UpstreamMetrics.MeterName);
        duration = meter.CreateHistogram("orchestrator.store.commit.duration", "s", "One group commit, from the statement to the answer. Tag: outcome (committed, failed).", tags: null, Bounds(0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10));
        batch = meter.CreateHistogram("orchestrator.store.commit.appends", "{append}", "Appends, of as many conversations, in one group commit.", tags: null, Bounds(1, 2, 4, 8, 16, 32, 64, 128, 256, 512));
        appends = meter.CreateCounter<long>("orchestrator.store.appends", "{append}", "Appends by what became of them. Tag: outcome (appended, repeated, fenced, misplaced, unavailable).");
        failures = meter.CreateCounter<long>("orchestrator.store.failures", description: "Tries that the database or the way to it failed; most are tried again. Tags: operation, cause.");
        waiting = meter.CreateUpDownCounter<long>("orchestrator.store.waiting", "{append}", "Appends that are not committed yet.");
    }

    internal void Committed(TimeSpan time, int size)
    {
        duration.Record(time.TotalSeconds, Tag("outcome", "committed"));
        batch.Record(size);
    }

    internal void CommitFailed(TimeSpan time, Exception failure)
    {
        duration.Record(time.TotalSeconds, Tag("outcome", "failed"));
        Failed("append", failure);
    }

    internal void Failed(string operation, Exception failure) =>
        failures.Add(1, Tag("operation", operation), Tag("cause", PostgresFailures.Cause(failure)));

    internal void Began() => waiting.Add(1);

    internal void Ended(string outcome)
    {
        waiting.Add(-1);
        appends.Add(1, Tag("outcome", outcome));
    }

    private static InstrumentAdvice<double> Bounds(params double[] bounds) => new() { HistogramBucketBoundaries = bounds };

    private static KeyValuePair<string, object?> Tag(string name, string value) => new(name, value);
}
