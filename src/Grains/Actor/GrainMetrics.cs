using System.Diagnostics.Metrics;
using Orchestrator.Journal;

namespace Orchestrator.Grains.Actor;

/// <summary>Counters of the conversation shell, in the meter <c>Orchestrator.Grains</c>. No ids in tags.</summary>
public sealed class GrainMetrics
{
    public const string MeterName = "Orchestrator.Grains";

    /// <summary>The activity source of the same layer: a span for every recovery.</summary>
    public const string SourceName = "Orchestrator.Grains";

    private readonly Counter<long> _counted;
    private readonly UpDownCounter<long> _active;
    private readonly FactMetrics _facts;

    public GrainMetrics(IMeterFactory factory)
    {
        var meter = factory.Create(MeterName);
        _counted = meter.CreateCounter<long>("orchestrator.conversation.events", description: "Things worth a number: stale inputs, missed checkpoints, evicted input, overflowed output. Tag: what.");
        _active = meter.CreateUpDownCounter<long>("orchestrator.conversation.active", description: "Conversations in memory.");
        _facts = new FactMetrics(meter);
    }

    public void Count(string what) => _counted.Add(1, new KeyValuePair<string, object?>("what", what));

    /// <summary>A fact was appended to a conversation's journal.</summary>
    public void Appended(ConversationFact fact) => _facts.Appended(fact);

    public void Activated() => _active.Add(1);

    public void Released() => _active.Add(-1);
}
