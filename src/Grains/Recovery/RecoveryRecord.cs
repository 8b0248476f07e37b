using Gemini.Live.Closes;
using Gemini.Live.Links;
using Orchestrator.Grains.Conversations;
using Orchestrator.Journal;

namespace Orchestrator.Grains.Recovery;

/// <summary>
/// Keeps the figures of a recovery and journals them (P8): once its replay is out, and, where a reply was due, once the
/// model has begun it.
/// </summary>
internal static class RecoveryRecord
{
    /// <summary>Audio in tokens (dossier §4).</summary>
    private const long TokensPerSecond = 25;

    /// <summary>The recovery that begins with this loss, or goes on with it.</summary>
    public static RecoveryEpisode Next(Transition t, RecoveryKind kind, CloseCause cause, LinkLoss loss)
    {
        Write(t);
        var next = t.State.Episode is { Kind: not RecoveryKind.Opening } running
            ? running.NextOutage(kind, t.State.Links, t.Now, cause, loss.Code)
            : new RecoveryEpisode(kind, t.State.Links, t.Now, cause, loss.Code);
        return next with { Last = loss };
    }

    /// <summary>The replay is out.</summary>
    public static void Flushed(Transition t, LinkState.Live live, long audioMs)
    {
        Rebilled(t, live.Link > 1 ? audioMs * TokensPerSecond / 1000 : 0);
        if (t.State.Episode is not { GapMs: null } episode)
        {
            return;
        }

        var gap = t.Now - episode.SinceMs;
        t.State = t.State with { Episode = episode with { GapMs = gap, OutageMs = episode.OutageMs + gap, ReplayedMs = audioMs } };
        if (t.State.Turn is not Turns.TurnState.AwaitingModel)
        {
            Write(t);
        }
    }

    /// <summary>The model says its first words on the link.</summary>
    public static void Answered(Transition t)
    {
        // A quick model begins while a long replay is still under way: the rest of the record waits for that.
        if (t.State.Episode is { Recorded: false } episode && (episode.GapMs is not null || t.State.Turn is Turns.TurnState.AwaitingModel))
        {
            t.State = t.State with { Episode = episode with { DeadAirMs = t.Now - Math.Max(episode.SinceMs, t.State.Draft.AskedAt) } };
            Write(t);
        }
    }

    /// <summary>The recovery is over: the next loss begins another. One whose replay is still under way is written when that is out.</summary>
    public static void Close(Transition t)
    {
        Write(t);
        t.State = t.State with { Episode = t.State.Episode is { GapMs: null, Kind: not RecoveryKind.Opening } running ? running.Forgiven() : null };
    }

    /// <summary>Upstream bills these once more.</summary>
    public static void Rebilled(Transition t, long tokens)
    {
        if (tokens > 0)
        {
            t.State = t.State with
            {
                RebilledTokens = t.State.RebilledTokens + tokens,
                Episode = t.State.Episode is { } episode ? episode with { RebilledTokens = episode.RebilledTokens + tokens } : null,
            };
        }
    }

    private static void Write(Transition t)
    {
        if (t.State is not { Episode: { Recorded: false, GapMs: { } gap, Kind: not RecoveryKind.Opening } episode, Link: LinkState.Live live })
        {
            return;
        }

        t.Append(new LinkRecovered(
            episode.FromLink,
            live.Link,
            LinkStep.Name(episode.Kind),
            episode.Code,
            LinkStep.Name(episode.Cause),
            LinkStep.Name(live.Plan.Rung),
            live.Plan.Endpoint,
            episode.Tries,
            gap,
            episode.DeadAirMs,
            episode.ReplayedMs,
            episode.RebilledTokens));
        t.State = t.State with { Episode = episode with { Recorded = true } };
    }
}
