using System.Diagnostics;
using Orchestrator.Journal;

namespace Orchestrator.Grains.Actor;

/// <summary>
/// A span for every recovery of one conversation, from the loss to the fact that says how it went; in the activity source
/// <c>Orchestrator.Grains</c>. It is made after the event, out of facts, and has figures and words of the taxonomy, never
/// a close's own text, a handle or what anybody said. Runs on the mailbox.
/// </summary>
internal sealed class RecoverySpans(ConversationId conversation)
{
    /// <summary>Losses that may wait for their fact; a recovery tries fewer links.</summary>
    private const int MostLosses = 64;

    private static readonly ActivitySource Source = new(GrainMetrics.SourceName);

    private readonly Dictionary<int, DateTimeOffset> _lostAt = [];

    public void Appended(JournalEntry entry)
    {
        if (entry.Fact is LinkLost lost)
        {
            if (_lostAt.Count == MostLosses)
            {
                _lostAt.Clear();
            }

            _lostAt.TryAdd(lost.Link, entry.At);
        }
        else if (entry.Fact is LinkRecovered or RecoveryFailed)
        {
            // Whichever thread brings the fact: a recovery is no part of the request that it happens to serve.
            var current = Activity.Current;
            Activity.Current = null;
            Record(entry);
            Activity.Current = current;
            _lostAt.Clear();
        }
    }

    private void Record(JournalEntry entry)
    {
        if (entry.Fact is LinkRecovered recovered)
        {
            Recovered(recovered, entry.At);
        }
        else if (entry.Fact is RecoveryFailed failed)
        {
            Failed(failed, entry.At);
        }
    }

    private void Recovered(LinkRecovered recovered, DateTimeOffset at)
    {
        var began = _lostAt.TryGetValue(recovered.FromLink, out var lost) ? lost : at - TimeSpan.FromMilliseconds(recovered.GapMs);
        using var span = Start(began, recovered.Kind, recovered.Cause, recovered.Code, recovered.Tries);
        span?.SetTag("orchestrator.recovery.rung", recovered.Rung)
            .SetTag("orchestrator.upstream.endpoint", recovered.Endpoint)
            .SetTag("orchestrator.recovery.gap", InSeconds(recovered.GapMs))
            .SetTag("orchestrator.recovery.dead_air", recovered.DeadAirMs is { } silence ? InSeconds(silence) : null)
            .SetTag("orchestrator.recovery.replayed_audio", InSeconds(recovered.ReplayedMs))
            .SetTag("orchestrator.recovery.rebilled_tokens", recovered.RebilledTokens)
            .SetEndTime(at.UtcDateTime);
    }

    private void Failed(RecoveryFailed failed, DateTimeOffset at)
    {
        using var span = Start(at - TimeSpan.FromMilliseconds(failed.AfterMs), kind: null, failed.Cause, failed.Code, failed.Tries);
        span?.SetStatus(ActivityStatusCode.Error, failed.Cause).SetEndTime(at.UtcDateTime);
    }

    private Activity? Start(DateTimeOffset began, string? kind, string cause, int? code, int tries) =>
        Source.StartActivity("recovery", ActivityKind.Internal, parentContext: default, tags: null, links: null, began)
            ?.SetTag("orchestrator.conversation.id", conversation.ToString())
            .SetTag("orchestrator.recovery.kind", kind)
            .SetTag("orchestrator.recovery.cause", cause)
            .SetTag("orchestrator.recovery.close_code", code)
            .SetTag("orchestrator.recovery.tries", tries);

    private static double InSeconds(long milliseconds) => milliseconds / 1000.0;
}
