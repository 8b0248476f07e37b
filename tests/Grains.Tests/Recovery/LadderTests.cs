using Gemini.Live.Closes;
using Gemini.Live.Links;
using Orchestrator.Grains.Conversations;
using Orchestrator.Grains.Recovery;
using Xunit;

namespace Orchestrator.Grains.Tests.Recovery;

/// <summary>The ladder as a table: what ended, what was tried and what there is to resume give the next move.</summary>
public sealed class LadderTests
{
    private const string Here = "here";
    private const string There = "there";
    private const string Farther = "farther";

    private static readonly ResumePlan Handle = new ResumePlan.Resume(new Checkpoint("h1", 100, 1, 1, Here));
    private static readonly ResumePlan Told = new ResumePlan.Seed(Here, 100, 8_000);
    private static readonly RecoveryEpisode Begun = new(RecoveryKind.Loss, FromLink: 1, SinceMs: 0, CloseCause.Transient, Code: 1011);

    private static readonly CloseVerdict Transient = Verdict(1011, "Internal error encountered.");
    private static readonly CloseVerdict Unavailable = Verdict(1011, "The service is currently unavailable.");
    private static readonly CloseVerdict Rejected = Verdict(1007, "Invalid session handle");
    private static readonly CloseVerdict Quota = Verdict(1011, "You exceeded your current quota, please check your plan");
    private static readonly CloseVerdict Withdrawn = Verdict(1007, "API key not valid. Please pass a valid API key.");
    private static readonly CloseVerdict Refused = Verdict(1007, "Invalid value at 'client_content'");
    private static readonly CloseVerdict Full = CloseTaxonomy.Classify(new LinkEnding(
        new LinkLoss(LinkLossKind.CloseFrame, 1007, "Request contains an invalid argument."), ClosePhase.Live) { SetupProven = true, LastPromptTokens = 120_000, ContextWindow = 131_072 });
    private static readonly CloseVerdict OldSocket = CloseTaxonomy.Classify(new LinkEnding(
        new LinkLoss(LinkLossKind.CloseFrame, 1011, "Internal error encountered."), ClosePhase.JustResumed) { SetupProven = true, OldSocketMayBeOpen = true });

    /// <summary>Name, what is the case, and the move in short: rung, endpoint, wait.</summary>
    public static TheoryData<string, Case, string> Cases => new()
    {
        // A live link was lost.
        { "first loss", new(Transient), "resume here 0" },
        { "first loss without a checkpoint", new(Transient, s => s with { Checkpoint = null }), "seed 8000 here 0" },
        { "checkpoint that misses a settled turn", new(Transient, s => s with { CommittedTo = 101 }), "seed 8000 here 0" },
        { "checkpoint of another endpoint", new(Transient, s => s with { Endpoint = There }), "seed 8000 there 0" },
        { "nothing was settled, nothing was given", new(Transient, s => s with { Checkpoint = null, Settled = 0, CommittedTo = 0 }), "fresh here 0" },
        { "nothing was settled, something was given", new(Transient, s => s with { Checkpoint = null, Settled = 0, CommittedTo = 0, Given = [new(1, Speaker.User, "I am Ada.")] }), "seed 8000 here 0" },
        { "second loss on the turn", new(Transient, s => s with { LossesOnTurn = 2 }), "seed 8000 here 0" },
        { "third loss on the turn", new(Transient, s => s with { LossesOnTurn = 3 }), "seed 8000 here 0" },
        { "fourth loss on the turn", new(Transient, s => s with { LossesOnTurn = 4 }), "end 1011" },
        { "the service is away", new(Unavailable), "resume here 250" },
        { "full context", new(Full, s => s with { LossesOnTurn = 1 }), "seed 4000 here 0" },
        { "full context again", new(Full, Episode: e => e with { Shortened = 2 }), "seed 1000 here 0" },
        { "full context, over and over", new(Full, Episode: e => e with { Shortened = 9 }), "seed 200 here 0" },
        { "quota, another endpoint", new(Quota), "seed 8000 there 0" },
        { "quota, no other endpoint", new(Quota, One), "end 1011" },
        { "quota, no other endpoint, and all the time", new(Quota, s => Policy(One(s), p => p with { TimeMs = 100_000 })), "resume here 65000" },
        { "key withdrawn, another endpoint", new(Withdrawn), "seed 8000 there 0" },
        { "key withdrawn, no other endpoint", new(Withdrawn, One), "end 1007" },

        // A try failed before it was live.
        { "resume failed once", new(Transient, Tried: Handle), "resume here 250" },
        { "resume failed twice", new(Transient, Tried: Handle, Episode: e => e with { Failures = 1, ResumeTries = 1 }), "resume here 500" },
        { "resume failed three times", new(Transient, Tried: Handle, Episode: e => e with { Failures = 2, ResumeTries = 2 }), "seed 8000 here 0" },
        { "the same where the service is away", new(Unavailable, Tried: Handle, Episode: e => e with { Failures = 2, ResumeTries = 2 }), "seed 8000 here 1000" },
        { "handle rejected", new(Rejected, s => s with { Checkpoint = null }, Tried: Handle), "seed 8000 here 0" },
        { "old socket, first", new(OldSocket, Tried: Handle), "resume here 100" },
        { "old socket, second", new(OldSocket, Tried: Handle, Episode: e => e with { OldSocketWaits = 1 }), "resume here 200" },
        { "old socket, third", new(OldSocket, Tried: Handle, Episode: e => e with { OldSocketWaits = 2 }), "resume here 400" },
        { "old socket, fourth", new(OldSocket, Tried: Handle, Episode: e => e with { OldSocketWaits = 3 }), "resume here 250" },
        { "old socket of an owner that was lost, third", new(OldSocket, Tried: Handle, Episode: e => e with { Kind = RecoveryKind.Takeover, OldSocketWaits = 2 }), "resume here 400" },
        { "old socket of an owner that was lost, fourth", new(OldSocket, Tried: Handle, Episode: e => e with { Kind = RecoveryKind.Takeover, OldSocketWaits = 3 }), "seed 8000 here 0" },
        { "seed failed: never back to the handle", new(Transient, Tried: Told), "seed 8000 here 250" },
        { "seed failed five times", new(Transient, Tried: Told, Episode: e => e with { Failures = 4, FreshTries = 4 }), "seed 8000 here 4000" },
        { "seed failed six times", new(Transient, Tried: Told, Episode: e => e with { Failures = 5, FreshTries = 5 }), "seed 8000 there 0" },
        { "seed failed six times, no other endpoint", new(Transient, One, Tried: Told, Episode: e => e with { Failures = 5, FreshTries = 5 }), "leave 1011" },
        { "seed failed six times, another left behind", new(Transient, Tried: Told, Episode: e => e with { Failures = 5, FreshTries = 5, Spent = e.Spent.Add(There) }), "seed 8000 farther 0" },

        // A dial failed: the handle was never shown.
        { "dial failed once", new(Transient, Tried: Handle, Dialling: true), "resume here 250" },
        { "dial failed twice", new(Transient, Tried: Handle, Dialling: true, Episode: e => e with { Failures = 1, DialFailures = 1 }), "resume here 500" },
        { "dial failed three times", new(Transient, Tried: Handle, Dialling: true, Episode: e => e with { Failures = 2, DialFailures = 2 }), "seed 8000 there 0" },
        { "dial failed three times, no other endpoint", new(Transient, One, Tried: Handle, Dialling: true, Episode: e => e with { Failures = 2, DialFailures = 2 }), "resume here 1000" },
        { "dial failed after a seed: the handle is still good", new(Transient, Tried: Told, Dialling: true), "resume here 0" },

        // Time and money.
        { "time is up with the wait", new(Unavailable, Now: 29_751), "end 1011" },
        { "time is nearly up", new(Unavailable, Now: 29_750), "resume here 250" },
        { "earlier outages count", new(Transient, Episode: e => e with { OutageMs = 29_000 }, Now: 1_001), "end 1011" },
        { "token budget used up", new(Transient, s => s with { UsedTokens = 10_000, RebilledTokens = 131_072 + 2_001 }), "end 1011" },
        { "token budget just kept", new(Transient, s => s with { UsedTokens = 10_000, RebilledTokens = 131_072 + 2_000 }), "resume here 0" },

        // A refused frame.
        { "frame refused", new(Refused), "resume here 0" },
        { "frame refused twice, setup never proven", new(Refused, s => s with { Checkpoint = null, Settled = 0, CommittedTo = 0, RefusedAgain = true }), "end 1007" },
        { "frame refused twice, setup proven", new(Refused, s => s with { RefusedAgain = true }), "resume here 0" },
        { "frame refused in the fourth loss on the turn", new(Refused, s => s with { LossesOnTurn = 4 }), "end 1007" },
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public void Next_IsTheMove(string name, Case what, string move)
    {
        var state = (what.State ?? (s => s))(new ConversationState
        {
            Rules = new ConversationRules(ManualActivity: false, SilenceMs: 800, InitialHistory: false, [Here, There, Farther], "hash"),
            Endpoint = Here,
            Checkpoint = ((ResumePlan.Resume)Handle).Checkpoint,
            CommittedTo = 100,
            Settled = 1,
            LossesOnTurn = 1,
        });
        var episode = (what.Episode ?? (e => e))(Begun with { Last = new LinkLoss(LinkLossKind.CloseFrame, what.Verdict.Cause is CloseCause.Auth or CloseCause.BadFrame ? 1007 : 1011, "said") });
        Assert.Equal((name, move), (name, Short(Ladder.Next(state, episode, what.Verdict, what.Tried, what.Dialling, what.Now))));
    }

    [Fact]
    public void Next_OnAnotherEndpoint_BeginsItsBudgetsAnew_AndRemembersWhereItWas()
    {
        var state = new ConversationState
        {
            Rules = new ConversationRules(ManualActivity: false, SilenceMs: 800, InitialHistory: false, [Here, There], "hash"),
            Endpoint = Here,
            Settled = 1,
        };
        var episode = Begun with { Failures = 5, FreshTries = 5, DialFailures = 2, ResumeTries = 3 };
        var next = Assert.IsType<LadderMove.Try>(Ladder.Next(state, episode, Transient, Told, dialling: false, now: 0));
        Assert.Equal((0, 0, 0, 3), (next.Episode.Failures, next.Episode.FreshTries, next.Episode.DialFailures, next.Episode.ResumeTries));
        Assert.Equal([Here], next.Episode.Spent);
    }

    [Fact]
    public void First_ResumesWhatCoversEverything_AndSeedsOtherwise()
    {
        var state = new ConversationState { Rules = new ConversationRules(ManualActivity: false, SilenceMs: 800, InitialHistory: false, [Here], "hash"), Endpoint = Here };
        Assert.IsType<ResumePlan.Fresh>(Ladder.First(state));
        state = state with { Checkpoint = ((ResumePlan.Resume)Handle).Checkpoint, Settled = 1, CommittedTo = 100 };
        Assert.Equal(100, Assert.IsType<ResumePlan.Resume>(Ladder.First(state)).ReplayAfter);
        Assert.Equal(101, Assert.IsType<ResumePlan.Seed>(Ladder.First(state with { CommittedTo = 101 })).ReplayAfter);
    }

    private static CloseVerdict Verdict(int code, string reason) =>
        CloseTaxonomy.Classify(new LinkEnding(new LinkLoss(LinkLossKind.CloseFrame, code, reason), ClosePhase.Live) { SetupProven = true });

    private static ConversationState One(ConversationState state) => state with { Rules = state.Rules with { Endpoints = [Here] } };

    private static ConversationState Policy(ConversationState state, Func<RecoveryPolicy, RecoveryPolicy> change) =>
        state with { Rules = state.Rules with { Policy = change(state.Rules.Policy) } };

    private static string Short(LadderMove move) => move switch
    {
        LadderMove.Try { Plan: ResumePlan.Resume plan, WaitMs: var wait } => $"resume {plan.Endpoint} {wait}",
        LadderMove.Try { Plan: ResumePlan.Seed plan, WaitMs: var wait } => $"seed {plan.BudgetTokens} {plan.Endpoint} {wait}",
        LadderMove.Try { Plan: var plan, WaitMs: var wait } => $"fresh {plan.Endpoint} {wait}",
        LadderMove.Leave leave => $"leave {leave.Close.Code}",
        LadderMove.End end => $"end {end.Close.Code}",
        _ => "?",
    };

    /// <param name="State">Changes the state: one settled turn with a checkpoint, lost once, three endpoints.</param>
    /// <param name="Episode">Changes the recovery, which has just begun.</param>
    public sealed record Case(
        CloseVerdict Verdict,
        Func<ConversationState, ConversationState>? State = null,
        ResumePlan? Tried = null,
        bool Dialling = false,
        Func<RecoveryEpisode, RecoveryEpisode>? Episode = null,
        long Now = 0);
}
