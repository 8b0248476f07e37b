using System.Diagnostics;
using Orchestrator.Grains.Actor;
using Orchestrator.Journal;
using Xunit;

namespace Orchestrator.Grains.Tests.Actor;

/// <summary>A recovery as a span: when it began and ended, what it says, and what it never says.</summary>
public sealed class RecoverySpansTests : IDisposable
{
    private static readonly DateTimeOffset Noon = new(2026, 11, 21, 12, 0, 0, TimeSpan.Zero);

    private readonly ConversationId _conversation = new(Guid.CreateVersion7());
    private readonly RecoverySpans _spans;
    private readonly ActivityListener _listener;
    private readonly List<Activity> _stopped = [];

    public RecoverySpansTests()
    {
        _listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == "Orchestrator.Grains",
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = activity =>
            {
                // Other tests recover, too.
                if (_conversation.ToString().Equals(activity.GetTagItem("orchestrator.conversation.id")))
                {
                    _stopped.Add(activity);
                }
            },
        };
        ActivitySource.AddActivityListener(_listener);
        _spans = new RecoverySpans(_conversation);
    }

    public void Dispose() => _listener.Dispose();

    [Fact]
    public void Recovery_LastsFromItsLossToItsFact()
    {
        Append(0, new LinkLost(1, "closeFrame", 1011, "Internal error encountered.", "transient"));
        Append(250, new LinkLost(2, "dialFailed", null, "connection refused", "network"));
        Append(1_900, new LinkRecovered(1, 3, "loss", 1011, "transient", "resume", "key-1", 2, GapMs: 700, DeadAirMs: 1_900, ReplayedMs: 2_500, RebilledTokens: 62));

        var span = Assert.Single(_stopped);
        Assert.Equal("recovery", span.OperationName);
        Assert.Equal(Noon.UtcDateTime, span.StartTimeUtc);
        Assert.Equal(TimeSpan.FromMilliseconds(1_900), span.Duration);
        Assert.Equal(ActivityStatusCode.Unset, span.Status);
        Assert.Equal(
            [
                "orchestrator.conversation.id=" + _conversation,
                "orchestrator.recovery.kind=loss",
                "orchestrator.recovery.cause=transient",
                "orchestrator.recovery.close_code=1011",
                "orchestrator.recovery.tries=2",
                "orchestrator.recovery.rung=resume",
                "orchestrator.upstream.endpoint=key-1",
                "orchestrator.recovery.gap=0.7",
                "orchestrator.recovery.dead_air=1.9",
                "orchestrator.recovery.replayed_audio=2.5",
                "orchestrator.recovery.rebilled_tokens=62",
            ],
            span.TagObjects.Select(tag => FormattableString.Invariant($"{tag.Key}={tag.Value}")));
    }

    [Fact]
    public void LinkThatWasLostBeforeItWasWhole_BeginsTheNextSpan()
    {
        Append(0, new LinkLost(1, "networkLost", null, "", "network"));
        Append(400, new LinkLost(2, "networkLost", null, "", "network"));
        Append(900, new LinkRecovered(2, 3, "loss", null, "network", "fresh", "key-1", 1, GapMs: 500, DeadAirMs: null, ReplayedMs: 0, RebilledTokens: 0));

        var span = Assert.Single(_stopped);
        Assert.Equal(Noon.AddMilliseconds(400).UtcDateTime, span.StartTimeUtc);
        Assert.Null(span.GetTagItem("orchestrator.recovery.close_code"));
        Assert.Null(span.GetTagItem("orchestrator.recovery.dead_air"));
    }

    [Fact]
    public void ExhaustedLadder_IsAnError_InTheWordsOfTheTaxonomyOnly()
    {
        Append(0, new LinkLost(1, "closeFrame", 1011, "You exceeded your current quota of project-77.", "quota"));
        Append(30_000, new RecoveryFailed(4, "quota", 1011, Tries: 4, AfterMs: 30_000, "You exceeded your current quota of project-77."));

        var span = Assert.Single(_stopped);
        Assert.Equal((ActivityStatusCode.Error, "quota"), (span.Status, span.StatusDescription));
        Assert.Equal(Noon.UtcDateTime, span.StartTimeUtc);
        Assert.Equal(TimeSpan.FromSeconds(30), span.Duration);
        Assert.DoesNotContain(span.TagObjects, tag => $"{tag.Value}".Contains("project-77", StringComparison.Ordinal));
    }

    [Fact]
    public void Span_IsNoPartOfTheRequestThatBringsTheFact()
    {
        using var request = new Activity("a client's request").Start();

        Append(0, new LinkLost(1, "closedByUs", null, "rotation", "clean"));
        Append(80, new LinkRecovered(1, 2, "rotation", null, "clean", "resume", "key-1", 1, GapMs: 80, DeadAirMs: null, ReplayedMs: 0, RebilledTokens: 0));

        Assert.Null(Assert.Single(_stopped).ParentId);
        Assert.Same(request, Activity.Current);
    }

    private void Append(int ms, ConversationFact fact) => _spans.Appended(new JournalEntry(1, Noon.AddMilliseconds(ms), fact));
}
