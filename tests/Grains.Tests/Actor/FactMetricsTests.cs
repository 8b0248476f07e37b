using System.Diagnostics.Metrics;
using System.Globalization;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Orchestrator.Grains.Actor;
using Orchestrator.Journal;
using Xunit;

namespace Orchestrator.Grains.Tests.Actor;

/// <summary>What each fact adds to the numbers.</summary>
public sealed class FactMetricsTests : IDisposable
{
    private readonly ServiceProvider _services = new ServiceCollection().AddMetrics().BuildServiceProvider();
    private readonly MeterListener _listener = new();
    private readonly List<string> _measured = [];
    private readonly GrainMetrics _metrics;

    public FactMetricsTests()
    {
        var factory = _services.GetRequiredService<IMeterFactory>();
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (ReferenceEquals(instrument.Meter.Scope, factory))
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Take(instrument, value, tags));
        _listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Take(instrument, value, tags));
        _listener.Start();
        _metrics = new GrainMetrics(factory);
    }

    public void Dispose()
    {
        _listener.Dispose();
        _services.Dispose();
    }

    [Fact]
    public void LinkRecovered_OfALoss_IsAllItsFigures()
    {
        _metrics.Appended(new LinkRecovered(3, 4, "loss", 1011, "transient", "resume", "key-1", 2, GapMs: 640, DeadAirMs: 1_250, ReplayedMs: 2_480, RebilledTokens: 62));

        Assert.Equal(
            [
                "orchestrator.recovery.succeeded 1 kind=loss cause=transient rung=resume endpoint=key-1",
                "orchestrator.recovery.gap 0.64 kind=loss rung=resume",
                "orchestrator.recovery.dead_air 1.25 kind=loss rung=resume",
                "orchestrator.recovery.replayed_audio 2.48 kind=loss",
                "orchestrator.recovery.rebilled_tokens 62 kind=loss",
            ],
            _measured);
    }

    [Fact]
    public void LinkRecovered_WhereNoReplyWasDue_HasNoDeadAir()
    {
        _metrics.Appended(new LinkRecovered(1, 2, "rotation", null, "clean", "resume", "key-1", 1, GapMs: 90, DeadAirMs: null, ReplayedMs: 0, RebilledTokens: 0));

        Assert.DoesNotContain(_measured, m => m.StartsWith("orchestrator.recovery.dead_air", StringComparison.Ordinal));
        Assert.Contains("orchestrator.recovery.gap 0.09 kind=rotation rung=resume", _measured);
    }

    [Theory]
    [InlineData(true, false, "resumed")]
    [InlineData(false, true, "seeded")]
    [InlineData(false, false, "new")]
    public void LinkOpened_IsCountedByWhatItKnows(bool resumed, bool seeded, string context)
    {
        _metrics.Appended(new LinkOpened(2, 1, "key-1", resumed, ReplayedFrom: 5) { Seeded = seeded });

        Assert.Equal([$"orchestrator.link.opened 1 endpoint=key-1 context={context}"], _measured);
    }

    [Fact]
    public void EndsAndLosses_AreCountedByCause_NeverByTheirText()
    {
        _metrics.Appended(new LinkLost(2, "closeFrame", 1008, "BidiGenerateContent session not found: handle-9", "handleRejected"));
        _metrics.Appended(new RecoveryFailed(5, "unavailable", 1011, Tries: 7, AfterMs: 30_000, "The service is unavailable; handle-9."));
        _metrics.Appended(new InputQuarantined(12, "text", "Invalid value: handle-9"));
        _metrics.Appended(new InputEvicted(1, 50, AudioMs: 1_000, Bytes: 32_000));

        Assert.Equal(
            [
                "orchestrator.link.lost 1 kind=closeFrame cause=handleRejected",
                "orchestrator.recovery.failed 1 cause=unavailable",
                "orchestrator.input.quarantined 1 kind=text",
                "orchestrator.input.evicted_audio 1 ",
            ],
            _measured);
    }

    [Fact]
    public void TurnCommitted_IsItsEndingAndItsLatency()
    {
        _metrics.Appended(Turn(TurnEnding.Completed, latencyMs: 420));
        _metrics.Appended(Turn(TurnEnding.Cut, latencyMs: null));

        Assert.Equal(["orchestrator.turn.ended 1 ending=completed", "orchestrator.turn.latency 0.42 ", "orchestrator.turn.ended 1 ending=cut"], _measured);
    }

    [Fact]
    public void OtherFacts_SayNothing()
    {
        _metrics.Appended(new ClientAttached(1));
        _metrics.Appended(new CheckpointTaken(1, 1, "key-1", "handle-9", 7, "hash"));
        _metrics.Appended(new ContentGiven(3, 1, "user", "words"));

        Assert.Empty(_measured);
    }

    private static TurnCommitted Turn(TurnEnding ending, long? latencyMs) =>
        new(1, 1, 2, 3, new Utterance("words", 0, 900, 900), new Utterance("more words", 1_300, 2_000, 700), ending, latencyMs, 1, Usage: default(JsonElement));

    private void Take<T>(Instrument instrument, T value, ReadOnlySpan<KeyValuePair<string, object?>> tags) =>
        _measured.Add(string.Create(CultureInfo.InvariantCulture, $"{instrument.Name} {value} {string.Join(' ', tags.ToArray().Select(t => $"{t.Key}={t.Value}"))}"));
}
