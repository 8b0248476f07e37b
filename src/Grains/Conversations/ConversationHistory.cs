using System.Collections.Immutable;
using System.Text.Json;
using Gemini.Live.Closes;
using Orchestrator.Grains.Recovery;
using Orchestrator.Grains.Tools;
using Orchestrator.Journal;

namespace Orchestrator.Grains.Conversations;

/// <summary>The state of a conversation that was put away, folded from its journal.</summary>
public static class ConversationHistory
{
    /// <summary>The fact that opened the conversation; null in a journal that never got that far.</summary>
    public static (ConversationOpened Fact, DateTimeOffset At)? Opening(IReadOnlyList<JournalEntry> entries) =>
        entries is [{ Fact: ConversationOpened opened, At: var at }, ..] ? (opened, at) : null;

    /// <param name="rules">Of this conversation, here and now.</param>
    /// <param name="entries">Its journal, oldest first.</param>
    /// <param name="has">What its client has heard, if it is attached to an edge that has lost the last owner.</param>
    public static ConversationState Restore(ConversationRules rules, IReadOnlyList<JournalEntry> entries, ClientHas? has = null)
    {
        var state = new ConversationState { Rules = rules };
        foreach (var entry in entries)
        {
            state = Fold(state, entry.Fact) with { Journal = entry.Position };
        }

        if (!state.Rules.Endpoints.Contains(state.Endpoint))
        {
            state = state with { Endpoint = state.Rules.Endpoints[0] };
        }

        // Input is numbered by us and was never journaled: numbering goes on after what is known.
        var known = Math.Max(state.CommittedTo, state.Checkpoint?.Position ?? 0);
        state.Media.LastInput = known;
        state.Media.SentTo = known;
        state.Media.LastMeaningful = state.CommittedTo;
        if (has is not null)
        {
            return Takeover.Of(state, has);
        }

        // The turn's end has a number as well: who comes to a conversation that is folded from its journal does not miss it.
        state.Media.LastOutput = Math.Max(state.Media.LastOutput, state.LastTurn is { } last ? last.OutputSeq + 1 : 0);
        return state with { Tools = state.Tools.Restored() };
    }

    /// <summary>A turn that was cut, or that says that more is to come, has not answered anything.</summary>
    private static bool Settles(this TurnCommitted turn) => (turn.Ending != TurnEnding.Cut || turn.Continues) && !turn.InteractionOpen;

    private static ConversationState Fold(ConversationState state, ConversationFact fact)
    {
        switch (fact)
        {
            case ClientAttached attached:
                return state with { Attachments = Math.Max(state.Attachments, attached.Generation), Client = attached.Client };
            case LinkOpened opened:
                return state with
                {
                    Links = Math.Max(state.Links, opened.Link),
                    LeftOpen = opened.Link,
                    Lineage = opened.Lineage,
                    Endpoint = opened.Endpoint,
                    // A session of its own knows none of the old handles.
                    Checkpoint = opened.Resumed ? state.Checkpoint : null,
                };
            case LinkLost lost:
                return state with
                {
                    Links = Math.Max(state.Links, lost.Link),
                    LeftOpen = lost.Link >= state.LeftOpen ? 0 : state.LeftOpen,
                    // A rejected handle is gone for good.
                    Checkpoint = lost.Cause == JsonNamingPolicy.CamelCase.ConvertName(nameof(CloseCause.HandleRejected)) ? null : state.Checkpoint,
                };
            case CheckpointTaken taken:
                return state with
                {
                    Checkpoint = taken.SetupHash == state.Rules.SetupHash && state.Rules.Endpoints.Contains(taken.Endpoint)
                        ? new Checkpoint(taken.Handle, taken.Position, taken.Lineage, taken.Link, taken.Endpoint)
                        : null,
                };
            case TurnCommitted turn:
                var next = state with
                {
                    Turns = turn.Turn,
                    Settled = turn.Settles() ? state.Settled + 1 : state.Settled,
                    CommittedTo = Math.Max(state.CommittedTo, turn.InputTo),
                    Checkpoint = turn.Settles() && state.Checkpoint?.Position >= turn.InputTo ? null : state.Checkpoint,
                    Tools = turn.Settles() ? state.Tools.SettledIn(turn) : state.Tools,
                };
                var open = turn.Ending != TurnEnding.Cut && turn.InteractionOpen;
                var history = turn.Settles() ? SpokenText.Settle(next.History) : next.History;
                history = turn.User is { Text.Length: 0 } && turn.Settles() && state.Owed.Written == 0
                    ? SpokenText.Add(history, new SpokenText(turn.Turn, Speaker.User, SpokenText.Untranscribed) { IsNote = true })
                    : SpokenText.Add(history, new SpokenText(turn.Turn, Speaker.User, turn.User?.Text ?? "") { IsOpen = open });
                next = next with
                {
                    LastTurn = turn,
                    Generated = null,
                    Moves = turn.Settles() ? 0 : state.Moves,
                    Owed = turn.Settles() ? default : (turn.Told, state.Owed.Written + (turn.User?.Text.Length ?? 0)),
                    History = SpokenText.Add(history, new SpokenText(turn.Turn, Speaker.Model, turn.Model?.Text ?? "") { Cut = turn.Ending == TurnEnding.Cut && !turn.Continues, IsOpen = open }),
                };
                next.Media.LastOutput = Math.Max(next.Media.LastOutput, turn.OutputSeq);
                return next;
            case ReplyGenerated generated:
                return state with { Generated = generated };
            case TurnAmended amended:
                return state with { History = SpokenText.Add(state.History, amended.Turn, amended.UserText ?? "", amended.ModelText ?? "") };
            case ContentGiven given:
                return state with { GivenTo = Math.Max(state.GivenTo, given.Position), Given = state.Given.Add(new SpokenText(given.Turn, given.Role == "model" ? Speaker.Model : Speaker.User, given.Text)) };
            case ToolCalled called when state.Tools.Find(called.Id) is null:
                return state with { Tools = state.Tools.Add(new BookedCall(called.Id, called.Name, called.Args, called.Turn)) };
            case ToolAnswered answered when state.Tools.Find(answered.Id) is { } call:
                return state with { Tools = state.Tools.Set(ToolBook.Answered(call, new ToolResult(call.Id, call.Name, answered.Response, answered.WillContinue), seq: 0)) };
            case ToolCancelled cancelled when state.Tools.Find(cancelled.Id) is { } call:
                return state with { Tools = state.Tools.Set(call with { Status = CallStatus.Cancelled }) };
            case ConversationMoved { Why: "recovery" }:
                return state with { Moves = state.Moves + 1 };
            case ToolForgotten forgotten:
                return state with { Tools = state.Tools.Forget(forgotten.Id) };
            case ConversationEnded:
                return state with { Ended = true };
            default:
                return state;
        }
    }
}
