using Orchestrator.Grains.Conversations;
using Orchestrator.Grains.Recovery;
using Orchestrator.Grains.Turns;

namespace Orchestrator.Grains.Tools;

/// <summary>
/// What a model is told about functions in words, because it is another one than the model that called them: the results of
/// settled turns that came too late, and, in a seed, what was called so far.
/// </summary>
internal static class ToolNotes
{
    /// <summary>How long a pause is waited for where the microphone may take noise for a voice.</summary>
    private const long PatienceMs = 3_000;

    /// <summary>Results that nobody will ask for again are told when nobody speaks and nobody is expected to.</summary>
    public static void Tell(Transition t) => Tell(t, IsFree(t.State));

    /// <summary>The model has just been silent: where noise passes for a voice no better moment comes, unless somebody is being transcribed.</summary>
    public static void TurnEnded(Transition t) => Tell(t, IsFree(t.State) || (t.State.Media.Said.IsNoise && t.State.Draft.UserText.Length == 0 && IsPossible(t)));

    public static void Overdue(Transition t) => Tell(t, IsFree(t.State) || IsPossible(t));

    private static void Tell(Transition t, bool isFree)
    {
        if (t.State.Link is not LinkState.Live { SeedReply: SeedReply.None } live || t.State.Tools.OwedTo(live.Link) is not { IsEmpty: false } owed)
        {
            return;
        }

        if (!isFree)
        {
            t.Arm(DeadlineKind.ToolNotes, t.Now + PatienceMs);
            return;
        }

        foreach (var call in owed)
        {
            t.State = t.State with { Tools = t.State.Tools.Set(call with { ToldOn = live.Link, ToldAt = t.Now, IsSpokenAbout = call.EndsSilently }) };
        }

        t.Count("toolResultTold");
        StallStep.Restart(t);
        t.State = t.State with { Turn = new TurnState.AwaitingModel(t.Now) };
        t.Emit(new Effect.SendUpstream(GatewayFrames.RealtimeText(string.Join('\n', owed.Select(call =>
            GatewayFrames.Note($"the function {ToolFrames.Call(call)} that you called has returned: {ToolFrames.Returned(call)}"))))));
    }

    /// <summary>Of a settled turn; null when there is nothing to remember.</summary>
    public static SpokenText? Remembered(BookedCall call) => call switch
    {
        { Status: CallStatus.Open } or { IsOwed: true } => Note(call, $"you called {ToolFrames.Call(call)}; its result is pending"),
        { Status: CallStatus.Answered } => Note(call, $"you called {ToolFrames.Call(call)} and it returned {ToolFrames.Returned(call)}"),
        { Status: CallStatus.Unknown } => Note(call, $"you called {ToolFrames.Call(call)}; its outcome is not known"),
        _ => null,
    };

    /// <summary>Of the turn that is replayed after the seed.</summary>
    public static SpokenText? Begun(BookedCall call) => call.Status switch
    {
        CallStatus.Open => Note(call, $"for what the user says next you have already called {ToolFrames.Call(call)}; its result is pending"),
        CallStatus.Answered => Note(call, $"for what the user says next you have already called {ToolFrames.Call(call)} and it returned {ToolFrames.Returned(call)}"),
        CallStatus.Unknown => Note(call, $"for what the user says next you have already called {ToolFrames.Call(call)}; its outcome is not known"),
        _ => null,
    };

    /// <summary>A model that is about to speak of one result, or to say the rest of a reply, would be interrupted by the next.</summary>
    private static bool IsFree(ConversationState state) => state is { Draft: { Answering: false, Continues: false }, ActivityOpen: false }
        && (state.Turn is TurnState.Idle
            || (state is { Turn: TurnState.AwaitingModel, Link: LinkState.Live live } && state.Media.LastMeaningful <= state.CommittedTo && !state.Tools.IsToldOn(live.Link)));

    private static bool IsPossible(Transition t) => t.State is { Draft.Answering: false, ActivityOpen: false } && !IsBehind(t);

    /// <summary>Upstream has a question of the user's still to hear: what it is told overtakes that, and interrupts its answer.</summary>
    public static bool IsBehind(Transition t) =>
        t.State.Link is LinkState.Live live && t.Now < live.BehindUntil && t.State.Media.LastMeaningful > t.State.CommittedTo;

    private static SpokenText Note(BookedCall call, string text) => new(call.Turn, Speaker.User, GatewayFrames.Note(text)) { IsNote = true };
}
