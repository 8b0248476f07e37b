using Gemini.Live.Closes;
using Orchestrator.Attach;
using Orchestrator.Grains.Conversations;

namespace Orchestrator.Grains.Recovery;

/// <summary>What the ladder says to do next.</summary>
public abstract record LadderMove
{
    private LadderMove()
    {
    }

    /// <summary>Try this after the wait.</summary>
    public sealed record Try(ResumePlan Plan, long WaitMs, RecoveryEpisode Episode) : LadderMove;

    /// <summary>Rung 4, for as long as there is no other silo to go to the same as <see cref="End"/>.</summary>
    public sealed record Leave(EdgeClose Close) : LadderMove;

    /// <summary>Rung 5.</summary>
    public sealed record End(EdgeClose Close) : LadderMove;
}

/// <summary>
/// The recovery ladder (DESIGN §7) as a function: what ended, how often it was tried, and what the journal has decide
/// which rung is next and how long to wait. The rungs that a cause allows are data: <see cref="CloseTaxonomy"/>.
/// </summary>
public static class Ladder
{
    private static readonly EdgeClose Unavailable = new(1011, "Upstream is unavailable; resume the session later.");
    private static readonly EdgeClose SameTurn = new(1011, "The connection was lost too often in the same turn; resume the session to continue.");
    private static readonly EdgeClose TooCostly = new(1011, "Recovering the session has used up its token budget; resume the session to continue.");

    /// <summary>How a conversation that nothing has happened to gets its context.</summary>
    public static ResumePlan First(ConversationState state) =>
        Resumable(state, state.Endpoint) ? new ResumePlan.Resume(state.Checkpoint!) : Anew(state, state.Endpoint, shortened: 0);

    /// <summary>A new session: told what was said, if anything was settled.</summary>
    public static ResumePlan Anew(ConversationState state, string endpoint, int shortened) => state.Settled == 0 && state.Given.IsEmpty
        ? new ResumePlan.Fresh(endpoint, state.CommittedTo)
        : new ResumePlan.Seed(endpoint, state.CommittedTo, Math.Max(200, state.Rules.Policy.SeedTokens >> shortened));

    /// <summary>The token budget of the conversation's recoveries is not used up.</summary>
    public static bool IsAffordable(ConversationState state) =>
        state.RebilledTokens <= (state.Rules.Policy.TokenShare * state.UsedTokens) + state.Rules.Model.ContextTokens;

    /// <param name="state">With the number of losses on this turn, and the checkpoint gone if its handle was refused.</param>
    /// <param name="episode">The recovery; its present outage is counted, this ending is not.</param>
    /// <param name="verdict">What the ending means.</param>
    /// <param name="tried">The plan that has just failed before it was live; null when a live link was lost.</param>
    /// <param name="dialling">The failed try never showed its handle.</param>
    /// <param name="now">Milliseconds of the conversation.</param>
    public static LadderMove Next(ConversationState state, RecoveryEpisode episode, CloseVerdict verdict, ResumePlan? tried, bool dialling, long now)
    {
        var policy = state.Rules.Policy;
        if (verdict.PassOn || (verdict.Cause is CloseCause.BadFrame && !state.SetupProven && state.RefusedAgain))
        {
            return new LadderMove.End(Passed(episode));
        }

        if (state.LossesOnTurn >= policy.LossesPerTurn)
        {
            return new LadderMove.End(verdict.Cause == CloseCause.BadFrame ? Passed(episode) : SameTurn);
        }

        if (!IsAffordable(state))
        {
            return new LadderMove.End(TooCostly);
        }

        if (verdict.Cause == CloseCause.OldSocketOpen && tried is not null && episode.OldSocketWaits < policy.OldSocketWaitsMs.Count)
        {
            // Its own budget: the handle is good, only early.
            return new LadderMove.Try(tried, policy.OldSocketWaitsMs[episode.OldSocketWaits], episode with { OldSocketWaits = episode.OldSocketWaits + 1 });
        }

        var counted = Count(episode, tried, dialling);
        var socketStays = verdict.Cause == CloseCause.OldSocketOpen && episode.Kind == RecoveryKind.Takeover;
        if (socketStays)
        {
            // Nobody is left who could close it: the old owner is frozen, or out of reach (DESIGN §10).
            counted = counted with { ResumeTries = policy.ResumeTries };
        }

        if (verdict.Cause == CloseCause.ContextExhausted)
        {
            counted = counted with { Shortened = counted.Shortened + 1 };
        }

        if (Choose(state, counted, verdict, tried, dialling) is not var (plan, next))
        {
            return verdict.MayTry(Rung.Move) ? new LadderMove.Leave(Last(episode, verdict)) : new LadderMove.End(Last(episode, verdict));
        }

        // Another way is tried at once; only asking for the same again is worth a wait.
        var another = plan.Endpoint != (tried?.Endpoint ?? state.Endpoint)
            || ((verdict.BackOff == BackOff.Immediate || socketStays) && tried is not null && tried.Rung != plan.Rung);
        var wait = another ? 0 : Wait(policy, next, verdict);
        return episode.OutageMs + (now - episode.SinceMs) + wait > policy.TimeMs
            ? new LadderMove.End(Last(episode, verdict))
            : new LadderMove.Try(plan, wait, next);
    }

    private static RecoveryEpisode Count(RecoveryEpisode episode, ResumePlan? tried, bool dialling) => (tried, dialling) switch
    {
        (null, _) => episode,
        (_, true) => episode with { Failures = episode.Failures + 1, DialFailures = episode.DialFailures + 1 },
        (ResumePlan.Resume, _) => episode with { Failures = episode.Failures + 1, ResumeTries = episode.ResumeTries + 1 },
        _ => episode with { Failures = episode.Failures + 1, FreshTries = episode.FreshTries + 1 },
    };

    private static (ResumePlan Plan, RecoveryEpisode Episode)? Choose(
        ConversationState state, RecoveryEpisode episode, CloseVerdict verdict, ResumePlan? tried, bool dialling)
    {
        var policy = state.Rules.Policy;
        var here = tried?.Endpoint ?? state.Endpoint;
        var elsewhere = Elsewhere(state, episode, here);
        var dialsAreOver = elsewhere is not null && episode.DialFailures >= policy.DialTries;
        foreach (var rung in verdict.Rungs)
        {
            switch (rung)
            {
                case Rung.Resume when !dialsAreOver && Resumable(state, here) && episode.ResumeTries < policy.ResumeTries
                    && state.LossesOnTurn < policy.SeedFromLoss && (dialling || tried is null or ResumePlan.Resume):
                    return (new ResumePlan.Resume(state.Checkpoint!), episode);
                case Rung.Fresh when !dialsAreOver && episode.FreshTries < policy.FreshTries:
                    return (Anew(state, here, episode.Shortened), episode);
                case Rung.NextEndpoint when elsewhere is not null:
                    return (Anew(state, elsewhere, episode.Shortened), episode with { Spent = episode.Spent.Add(here), Failures = 0, DialFailures = 0, FreshTries = 0 });
            }
        }

        return null;
    }

    private static string? Elsewhere(ConversationState state, RecoveryEpisode episode, string here)
    {
        foreach (var endpoint in state.Rules.Endpoints)
        {
            if (endpoint != here && !episode.Spent.Contains(endpoint))
            {
                return endpoint;
            }
        }

        return null;
    }

    private static long Wait(RecoveryPolicy policy, RecoveryEpisode episode, CloseVerdict verdict)
    {
        if (verdict.BackOff == BackOff.Quota)
        {
            return (long)CloseVerdict.QuotaWait.TotalMilliseconds;
        }

        return verdict.BackOff == BackOff.Immediate && episode.Failures == 0
            ? 0
            : Math.Min(policy.RetryMs << Math.Clamp(episode.Failures - 1, 0, 10), policy.RetryMaxMs);
    }

    /// <summary>A handle may be resumed only if it covers every settled turn, and only where it was issued.</summary>
    private static bool Resumable(ConversationState state, string endpoint) =>
        state.Checkpoint is { } checkpoint && checkpoint.Position >= state.CommittedTo && checkpoint.Endpoint == endpoint;

    private static EdgeClose Last(RecoveryEpisode episode, CloseVerdict verdict) =>
        verdict.Cause is CloseCause.Quota or CloseCause.BadFrame or CloseCause.BadSetup or CloseCause.Auth or CloseCause.ModelMissing ? Passed(episode) : Unavailable;

    private static EdgeClose Passed(RecoveryEpisode episode) => episode.Last switch
    {
        { Code: { } code } loss => new EdgeClose(code, loss.Reason),
        { HttpStatus: { } status } => new EdgeClose(1011, $"Upstream refused the connection with HTTP {status}."),
        { } loss => new EdgeClose(1011, loss.Reason),
        _ => Unavailable,
    };
}
