using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Text.Json;
using Orchestrator.Journal;

namespace Orchestrator.Grains.Actor;

/// <summary>
/// The journal's facts in numbers, counted as they are appended: what recoveries cost, and how turns end. Words for tags
/// are the facts' own; none of them is an id. Seconds throughout. docs/operations/metrics.md lists them.
/// </summary>
internal sealed class FactMetrics
{
    private const string Seconds = "s";

    /// <summary>What a listener tells apart: a breath, a pause, a wait, a loss of patience.</summary>
    private static readonly InstrumentAdvice<double> HumanScale = new()
    {
        HistogramBucketBoundaries = [0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1, 1.5, 2, 3, 5, 7.5, 10, 15, 20, 30, 60],
    };

    private readonly Counter<long> _linksOpened;
    private readonly Counter<long> _linksLost;
    private readonly Counter<long> _recovered;
    private readonly Counter<long> _failed;
    private readonly Histogram<double> _gap;
    private readonly Histogram<double> _deadAir;
    private readonly Counter<double> _replayed;
    private readonly Counter<long> _rebilled;
    private readonly Counter<double> _evicted;
    private readonly Counter<long> _quarantined;
    private readonly Counter<long> _turns;
    private readonly Histogram<double> _latency;

    public FactMetrics(Meter meter)
    {
        _linksOpened = meter.CreateCounter<long>("orchestrator.link.opened", description: "Connections that reached setupComplete. Tags: endpoint, context (new, resumed, seeded).");
        _linksLost = meter.CreateCounter<long>("orchestrator.link.lost", description: "Connections that ended, or never came to be. Tags: kind, cause.");
        _recovered = meter.CreateCounter<long>("orchestrator.recovery.succeeded", description: "Connections that were lost or replaced, and have a successor. Tags: kind, cause, rung, endpoint.");
        _failed = meter.CreateCounter<long>("orchestrator.recovery.failed", description: "Recoveries that had no rung left: a client was closed. Tag: cause.");
        _gap = meter.CreateHistogram("orchestrator.recovery.gap", Seconds, "From the loss to the moment at which all input had been sent again. Tags: kind, rung.", tags: null, HumanScale);
        _deadAir = meter.CreateHistogram("orchestrator.recovery.dead_air", Seconds, "Where a reply was due: from the loss, or the end of the question if that came later, to its first words. Tags: kind, rung.", tags: null, HumanScale);
        _replayed = meter.CreateCounter<double>("orchestrator.recovery.replayed_audio", Seconds, "Audio that was sent once more. Tag: kind.");
        _rebilled = meter.CreateCounter<long>("orchestrator.recovery.rebilled_tokens", "{token}", "Tokens that upstream bills once more, estimated. Tag: kind.");
        _evicted = meter.CreateCounter<double>("orchestrator.input.evicted_audio", Seconds, "Audio that a full input log gave up.");
        _quarantined = meter.CreateCounter<long>("orchestrator.input.quarantined", "{frame}", "Frames that are not sent again, because upstream refuses them. Tag: kind.");
        _turns = meter.CreateCounter<long>("orchestrator.turn.ended", description: "Committed turns. Tag: ending (completed, interrupted, cut).");
        _latency = meter.CreateHistogram("orchestrator.turn.latency", Seconds, "From the end of the user's speech to the first audio of the model.", tags: null, HumanScale);
    }

    /// <summary>Counts what this fact says; most say nothing here.</summary>
    public void Appended(ConversationFact fact)
    {
        switch (fact)
        {
            case LinkOpened opened: Opened(opened); break;
            case LinkLost lost: _linksLost.Add(1, Tag("kind", lost.Kind), Tag("cause", lost.Cause)); break;
            case LinkRecovered recovered: Recovered(recovered); break;
            case RecoveryFailed failed: _failed.Add(1, Tag("cause", failed.Cause)); break;
            case InputEvicted evicted: _evicted.Add(InSeconds(evicted.AudioMs)); break;
            case InputQuarantined quarantined: _quarantined.Add(1, Tag("kind", quarantined.Kind)); break;
            case TurnCommitted turn: Committed(turn); break;
            default: break;
        }
    }

    private void Opened(LinkOpened opened) => _linksOpened.Add(
        1,
        Tag("endpoint", opened.Endpoint),
        Tag("context", opened.Resumed ? "resumed" : opened.Seeded ? "seeded" : "new"));

    private void Recovered(LinkRecovered recovered)
    {
        var (kind, rung) = (Tag("kind", recovered.Kind), Tag("rung", recovered.Rung));
        _recovered.Add(1, new TagList { kind, Tag("cause", recovered.Cause), rung, Tag("endpoint", recovered.Endpoint) });
        _gap.Record(InSeconds(recovered.GapMs), kind, rung);
        if (recovered.DeadAirMs is { } silence)
        {
            _deadAir.Record(InSeconds(silence), kind, rung);
        }

        _replayed.Add(InSeconds(recovered.ReplayedMs), kind);
        _rebilled.Add(recovered.RebilledTokens, kind);
    }

    private void Committed(TurnCommitted turn)
    {
        _turns.Add(1, Tag("ending", JsonNamingPolicy.CamelCase.ConvertName(turn.Ending.ToString())));
        if (turn.LatencyMs is { } latency)
        {
            _latency.Record(InSeconds(latency));
        }
    }

    private static KeyValuePair<string, object?> Tag(string name, string value) => new(name, value);

    private static double InSeconds(long milliseconds) => milliseconds / 1000.0;
}
