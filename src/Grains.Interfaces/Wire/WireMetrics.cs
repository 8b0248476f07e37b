using System.Diagnostics.Metrics;

namespace Orchestrator.Wire;

/// <summary>The internal link in numbers, in the meter <c>Orchestrator.Wire</c>. Tags are fixed words, never ids or addresses.</summary>
public sealed class WireMetrics
{
    public const string MeterName = "Orchestrator.Wire";

    private readonly UpDownCounter<long> _connections;
    private readonly Counter<long> _ended;
    private readonly UpDownCounter<long> _streams;
    private readonly Counter<long> _overflowed;
    private readonly Counter<long> _late;

    public WireMetrics(IMeterFactory factory)
    {
        var meter = factory.Create(MeterName);
        _connections = meter.CreateUpDownCounter<long>("orchestrator.wire.connections", description: "Connections whose peer has proved itself. Tag: side.");
        _ended = meter.CreateCounter<long>("orchestrator.wire.connections.ended", description: "Connections that ended, proved or not. Tags: side, end.");
        _streams = meter.CreateUpDownCounter<long>("orchestrator.wire.streams", description: "Attached conversations. Tag: side.");
        _overflowed = meter.CreateCounter<long>("orchestrator.wire.streams.overflowed", description: "Conversations detached because a front-end left their output unread.");
        _late = meter.CreateCounter<long>("orchestrator.wire.frames.late", "{frame}", "Frames for a conversation that had left, or of an epoch that is over. Tag: side.");
    }

    internal void Proved(WireSide side) => _connections.Add(1, Side(side));

    internal void Ended(WireSide side, WireFault end, bool wasProved)
    {
        _ended.Add(1, Side(side), new KeyValuePair<string, object?>("end", end.Tag));
        if (wasProved)
        {
            _connections.Add(-1, Side(side));
        }
    }

    internal void Opened(WireSide side) => _streams.Add(1, Side(side));

    internal void Over(WireSide side) => _streams.Add(-1, Side(side));

    internal void Overflowed() => _overflowed.Add(1);

    internal void Late(WireSide side) => _late.Add(1, Side(side));

    private static KeyValuePair<string, object?> Side(WireSide side) => new("side", side == WireSide.Silo ? "silo" : "edge");
}

/// <summary>Which end of the link.</summary>
internal enum WireSide
{
    Silo,
    Edge,
}
