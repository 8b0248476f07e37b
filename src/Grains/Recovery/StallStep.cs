using Gemini.Live.Scanning;
using Orchestrator.Attach;
using Orchestrator.Grains.Conversations;
using Orchestrator.Grains.Turns;

namespace Orchestrator.Grains.Recovery;

/// <summary>
/// A model that owes an answer and gives none (DESIGN §7): it is reminded once, then the connection is replaced (rung 1,
/// then rung 2), then the client waits. A turn that upstream ends without having said anything counts as such a silence.
/// </summary>
internal static class StallStep
{
    private static readonly ReadOnlyMemory<byte> Nudge = GatewayFrames.RealtimeText(GatewayFrames.Note("the user has finished speaking and waits for your answer"));

    private static readonly ReadOnlyMemory<byte> GoOn = GatewayFrames.RealtimeText(GatewayFrames.Note("the connection was renewed before you had finished; if you have more to say or to do about what the user asked, go on now"));

    /// <summary>What is an answer, to who hears it: a transcript or a thought alone is none.</summary>
    private const ServerParts Given = ServerParts.ModelAudio | ServerParts.ModelText | ServerParts.ModelOther | ServerParts.ToolCall;

    /// <summary>After every input: arms the watchdog when an answer becomes due, disarms it when none is any more.</summary>
    public static void Watch(Transition t, ConversationState before, ConversationInput input)
    {
        if (t.State.Settled != before.Settled && t.State.Stall != StallWatch.None)
        {
            t.State = t.State with { Stall = StallWatch.None };
        }

        if (!IsDue(t.State))
        {
            t.Disarm(DeadlineKind.Stall);
        }
        else if (!t.State.Armed.ContainsKey(DeadlineKind.Stall) || Restarts(input) || (t.State.Turn is TurnState.UserSpeaking) != (before.Turn is TurnState.UserSpeaking))
        {
            Arm(t);
        }
    }

    /// <summary>A connection has all that it needs. Where that is only what it was told, there is nothing that it would answer of itself.</summary>
    public static void Flushed(Transition t, LinkState.Live live)
    {
        var repliesOfItself = t.State.Media.LastMeaningful > live.Plan.ReplayAfter;
        if (t.State.Draft is { IsAnnounced: true, Answering: false } && (!repliesOfItself || t.State.Media.Said.IsNoise))
        {
            t.Emit(new Effect.SendUpstream(GoOn));
        }
        else if (t.State is { Turn: TurnState.AwaitingModel, Draft: { IsOwed: true, Answering: false } } && !repliesOfItself)
        {
            if (t.State.Draft.Continues)
            {
                t.Emit(new Effect.SendUpstream(EarlyEnd.AskForRest));
            }
            else if (!t.State.AwaitsTools && !Takeover.InputIsUnderWay(t.State, live.Link))
            {
                // Who is told the result of a function speaks about that, and would be interrupted.
                Remind(t);
            }
        }
    }

    /// <summary>The model was given a result to think about: whatever it owes, it has all the time for it once more.</summary>
    public static void Restart(Transition t) => t.Disarm(DeadlineKind.Stall);

    /// <summary>The answer is overdue.</summary>
    public static void Elapsed(Transition t)
    {
        var state = t.State;
        if (!IsDue(state))
        {
            return;
        }

        // What upstream does not have yet it cannot answer; what it still plays it need not.
        var playing = state.Draft is { Answering: true, AwaitsRest: false } && state.Media.SpokenMs > 0 && state.Media.FirstSpokenAt + state.Media.SpokenMs + state.Rules.Policy.StallMs > t.Now;
        if (state.Media.SentTo < state.Media.LastMeaningful || playing)
        {
            Arm(t);
        }
        else if (state.Draft.AwaitsRest)
        {
            EarlyEnd.Finish(t);
        }
        else if (state.Draft is { IsAnnounced: true, UserText: "" } && state.Media.LastMeaningful <= state.CommittedTo)
        {
            // What was said counts as the answer; whoever waits for IDLE need not any longer.
            TurnCommit.Finish(t, GatewayFrames.InteractionOver);
        }
        else if (HearsOnlyNoise(state))
        {
            AskThroughNoise(t);
        }
        else if (state.Stall.EmptyEnd && !HasAsked(state))
        {
            // Noise, as it seems, and upstream made nothing of it.
            TurnCommit.Finish(t);
        }
        else
        {
            Stalled(t);
        }
    }

    /// <summary>Upstream ends a turn.</summary>
    /// <returns>True when it gave nothing in it, and something is done about that: the end is not the client's.</returns>
    public static bool Takes(Transition t, ServerNotice notice)
    {
        if (notice.Has(ServerParts.InteractionInProgress) || t.State.Draft.WaitsForUser || !IsSilent(t.State) || EndsInteraction(t.State))
        {
            return false;
        }

        t.Count("emptyTurn");
        var nudged = t.State.Stall.Nudged;
        if (nudged && !(MayClimb(t.State) && HasAsked(t.State)))
        {
            return false;
        }

        if (t.State.Draft.Answering)
        {
            ModelTurn.MeterUnheard(t, notice);
        }

        CheckpointStep.TurnEnded(t);
        TurnCommit.Reopen(t);
        if (nudged)
        {
            Climb(t);
        }
        else if (HasMoreToHear(t.State, t.Now))
        {
            // A note would run into the answer to that.
            Arm(t);
        }
        else
        {
            Remind(t);
        }

        return true;
    }

    /// <summary>Behind a replay, upstream may have ended the turn of one thing that the user said before it has heard the next.</summary>
    private static bool HasMoreToHear(ConversationState state, long now) =>
        state.Link is LinkState.Live live && now < live.BehindUntil
        && state.Media.Said.NewestSent(state.Media.LastInput) is { } newest && newest.Before > state.CommittedTo;

    private static void Stalled(Transition t)
    {
        t.Count("stalled");
        if (!t.State.Stall.Nudged)
        {
            Remind(t);
            Arm(t);
        }
        else if (MayClimb(t.State) && HasAsked(t.State))
        {
            Climb(t);
        }
        else
        {
            t.Count("stallGivenUp");
            t.State = t.State with { Stall = t.State.Stall with { GivenUp = true } };
        }
    }

    /// <summary>Whether the user has said anything may turn out later, with the transcript.</summary>
    private static void Remind(Transition t)
    {
        if (!HasAsked(t.State) && !OwesWordsOnResult(t.State))
        {
            t.State = t.State with { Stall = t.State.Stall with { EmptyEnd = true } };
            return;
        }

        t.Count("nudged");
        t.State = t.State with { Stall = t.State.Stall with { Nudged = true, EmptyEnd = false } };
        t.Emit(new Effect.SendUpstream(Nudge));
    }

    /// <summary>Silence never costs the client its connection, and a model that may choose it is taken at its word.</summary>
    private static bool MayClimb(ConversationState state) =>
        !state.Rules.Model.MayStaySilent
        && state.Stall.Climbs < 2
        && state.LossesOnTurn + 1 < state.Rules.Policy.LossesPerTurn
        && Ladder.IsAffordable(state);

    /// <summary>The connection itself may be what is wrong: the next one is asked.</summary>
    private static void Climb(Transition t)
    {
        var state = t.State;
        var losses = state.LossesOnTurn + 1;
        CutReply.Close(t);
        var plan = state.Stall.Climbs == 0 && losses < state.Rules.Policy.SeedFromLoss
            ? Ladder.First(t.State)
            : Ladder.Anew(t.State, t.State.Endpoint, shortened: 0);
        t.State = t.State with
        {
            LossesOnTurn = losses,
            Stall = state.Stall with { Climbs = state.Stall.Climbs + 1 },
        };
        RotationStep.Begin(t, (LinkState.Live)state.Link, plan, RecoveryKind.Stall);
    }

    private static void Arm(Transition t) => t.Arm(DeadlineKind.Stall, t.Now + t.State.Rules.Policy.StallMs);

    /// <summary>Upstream is still at work on what the user said.</summary>
    private static bool Restarts(ConversationInput input) => input is ConversationInput.LinkMessage { Notice.InputText.Length: > 0 };

    /// <summary>The user, or who waits for the rest of a reply, is owed something by a connection that has all it needs for it.</summary>
    private static bool IsDue(ConversationState state) =>
        state.Link is LinkState.Live { SeedReply: SeedReply.None, Flushed: true } live
        && !state.Tools.IsOpenOn(live.Link)
        && state is { InteractionOpen: false, Stall.GivenUp: false, Draft.WaitsForUser: false }
        && (state.Turn is TurnState.AwaitingModel
            ? state.Draft.AwaitsRest || state.Stall.EmptyEnd || HasAsked(state) || OwesWordsOnResult(state)
            : HearsOnlyNoise(state) || state.Draft.Answering && state.Turn is TurnState.ModelSpeaking or TurnState.PlaybackPending && HasAskedMore(state));

    /// <summary>
    /// An answer that had begun or was announced is waited for, and what sounds like a voice never ends: where it is none, nobody will be
    /// answered. Words alone are no proof here, because those of the turn before may come late.
    /// </summary>
    private static bool HearsOnlyNoise(ConversationState state) =>
        state is { Turn: TurnState.UserSpeaking, Rules.ManualActivity: false, Draft: { IsOwed: true, Answering: false } draft } && (!draft.IsAnnounced || draft.UserText.Length == 0);

    /// <summary>No word of it was transcribed for so long: the model is asked for the answer, or to go on after what announced it, and
    /// then the client need not wait any longer.</summary>
    private static void AskThroughNoise(Transition t)
    {
        if (!t.State.Draft.IsAnnounced)
        {
            Stalled(t);
            return;
        }

        if (t.State.Stall.Nudged)
        {
            TurnCommit.Finish(t, GatewayFrames.InteractionOver);
            return;
        }

        t.State = t.State with { Stall = t.State.Stall with { Nudged = true } };
        t.Emit(new Effect.SendUpstream(GoOn));
        Arm(t);
    }

    /// <summary>With automatic activity detection a sound may have been nobody's: only words are proof that somebody spoke.</summary>
    private static bool HasAsked(ConversationState state) =>
        state.Draft.UserText.Length > 0 || state.Draft.Shown > 0 || state.Draft.IsOwed
        || (state.Rules.ManualActivity && !state.ActivityOpen && state.Draft.Speech.VoicedMs + state.Media.VoicedMs > 0);

    /// <summary>The model was given the result of a function, and nothing else may tell that it was asked. It may have nothing to say about it: worth a note, and no more.</summary>
    private static bool OwesWordsOnResult(ConversationState state) => state.Link is LinkState.Live live && state.Tools.HasToSpeakAbout(live.Link);

    /// <summary>The user has asked something while the model answered, which may be more than it will ever hear.</summary>
    private static bool HasAskedMore(ConversationState state) =>
        !state.ActivityOpen && state.Draft.NextAskedAt != 0 && (state.Rules.ManualActivity || state.Draft.NextUserText.Length > 0);

    /// <summary>Upstream said that more would come, and now that this was all.</summary>
    private static bool EndsInteraction(ConversationState state) =>
        state.Draft is { Answering: false, UserText: "" } && state.History is [.., { Speaker: Speaker.Model, IsOpen: true, Cut: false }];

    private static bool IsSilent(ConversationState state) => state.Draft.Answering
        ? state.Turn is TurnState.ModelSpeaking or TurnState.PlaybackPending && state.Media.SpokenMs == 0 && (state.Draft.Parts & Given) == 0
        : state.Turn is TurnState.AwaitingModel or TurnState.UserSpeaking && (HasAsked(state) || OwesWordsOnResult(state) || state.Draft.Speech.VoicedMs + state.Media.VoicedMs > 0);
}
