using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Orchestrator.Grains.Actor;
using Orchestrator.Silo.WarmUp;
using Orchestrator.Testing;

namespace Orchestrator.Silo.Tests.WarmUp;

/// <summary>What a silo does for the first time in earnest it has done before, in its warm-up.</summary>
public sealed class SiloWarmUpTests : IDisposable
{
    private readonly MeterListener _meters = new();
    private readonly ConcurrentQueue<string> _opened = [];

    public SiloWarmUpTests()
    {
        _meters.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter.Name == GrainMetrics.MeterName && instrument.Name == "orchestrator.link.opened")
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _meters.SetMeasurementEventCallback<long>((_, _, tags, _) =>
        {
            // Other tests run beside this one.
            var said = tags.ToArray().ToDictionary(tag => tag.Key, tag => tag.Value as string);
            if (said["endpoint"] == "warm-up")
            {
                _opened.Enqueue(said["context"]!);
            }
        });
        _meters.Start();
    }

    public void Dispose() => _meters.Dispose();

    [Fact]
    public async Task Conversation_IsLost_IsRotated_AndIsTakenOver()
    {
        await Patience.For(SiloWarmUp.PlayAsync(CancellationToken.None), "the end of the warm-up");

        // The first, the one after the loss, the one after goAway, and the taker's: whether they resume or are told depends on
        // whether the handle or the next words come first.
        Assert.Equal("new", _opened.First());
        Assert.True(_opened.Count >= 4, string.Join(' ', _opened));
        Assert.DoesNotContain("new", _opened.Skip(1));
    }

    [Fact]
    public async Task Cancelled_Ends()
    {
        using var cancelled = new CancellationTokenSource();
        await cancelled.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Patience.For(SiloWarmUp.PlayAsync(cancelled.Token), "the end"));
    }
}
