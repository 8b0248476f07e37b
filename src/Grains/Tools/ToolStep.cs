using System.Collections.Immutable;
using Gemini.Live.Scanning;
using Orchestrator.Attach;
using Orchestrator.Grains.Conversations;
using Orchestrator.Grains.Recovery;
using Orchestrator.Grains.Turns;
using Orchestrator.Journal;

namespace Orchestrator.Grains.Tools;

/// <summary>
/// Functions that the client runs. Each is asked of it once and not before that is durable; whoever asks again on
/// another connection gets what is known already, under the id that it asks by.
/// </summary>
internal static class ToolStep
{
    /// <summary>The model asks for functions.</summary>
    /// <returns>The parts of the frame that the client gets, and the fact that must be durable before (0 for none). What it
    /// must not see as it came is sent from here.</returns>
    public static (ServerParts Parts, long AfterFact) Called(Transition t, LinkState.Live live, ServerNotice notice)
    {
        if (notice.Calls.IsEmpty)
        {
            return (notice.Parts, 0);
        }

        var asked = ImmutableList.CreateBuilder<(string Id, ToolRequest Request)>();
        var known = ImmutableList.CreateBuilder<(string Id, ToolResult Result)>();
        var fact = 0L;
        foreach (var request in notice.Calls)
        {
            if (Again(t, live.Link, request) is not { } call)
            {
                call = new BookedCall(t.State.Tools.FreshId(request.Id), request.Name, request.Args, t.State.Turns + 1) { UpstreamId = request.Id, Link = live.Link, Question = Question(t.State) };
                t.State = t.State with { Tools = t.State.Tools.Add(call) };
                fact = t.Append(new ToolCalled(call.Turn, call.Id, call.Name, call.Args), Durability.Flushed);
                asked.Add((call.Id, request));
            }
            else
            {
                t.Count(call.Status == CallStatus.Answered ? "toolResultRepeated" : "toolCallRepeated");
                known.AddRange(call.Results.Select(result => (request.Id, result)));
            }
        }

        if (known.Count > 0)
        {
            t.Emit(new Effect.SendUpstream(ToolFrames.Results(known)));
        }

        t.State = t.State with { Turn = t.State.Tools.IsOpenOn(live.Link) ? TurnState.ToolPending.Instance : new TurnState.AwaitingModel(t.Now) };
        if (fact != 0)
        {
            TurnCommit.Await(t, fact);
        }

        var asItCame = asked.Count == notice.Calls.Length && asked.TrueForAll(call => string.Equals(call.Id, call.Request.Id, StringComparison.Ordinal));
        if (asItCame && !notice.Has(ServerParts.TurnComplete))
        {
            return (notice.Parts, fact);
        }

        if (asked.Count > 0)
        {
            t.Emit(new Effect.SendToClient(ToolFrames.Calls(asked), OutputTraits.Words, fact) { Calls = [.. asked.Select(call => call.Id)] });
        }

        return (notice.Parts & ~ServerParts.ToolCall, 0);
    }

    /// <summary>The model withdraws calls.</summary>
    /// <returns>The parts of the frame that the client gets as they came.</returns>
    public static ServerParts Cancelled(Transition t, LinkState.Live live, ServerNotice notice, ServerParts parts)
    {
        if (notice.CancelledCalls.IsEmpty)
        {
            return parts;
        }

        var ids = ImmutableList.CreateBuilder<string>();
        foreach (var id in notice.CancelledCalls)
        {
            // The cancellation may have crossed the client's answer; a call that was answered from the book it has never seen.
            var call = t.State.Tools.OnLink(live.Link, id);
            if (call is not ({ Status: CallStatus.Open } or { Status: CallStatus.Answered, IsSeen: false, Seq: > 0 }))
            {
                t.Count("toolCancellationSwallowed");
                if (call is { Status: CallStatus.Answered, IsSeen: false })
                {
                    // The book's answer crossed it, and was heard by nobody. The function did run: its result is still to be told.
                    t.State = t.State with { Tools = t.State.Tools.Set(call with { ToldOn = 0 }) };
                }

                continue;
            }

            t.State = t.State with { Tools = t.State.Tools.Set(call with { Status = CallStatus.Cancelled }) };
            t.Append(new ToolCancelled(call.Id));
            t.Emit(new Effect.ForgetCall(call.Id));
            ids.Add(call.Id);
        }

        if (t.State.Turn is TurnState.ToolPending && !t.State.Tools.IsOpenOn(live.Link))
        {
            t.State = t.State with { Turn = new TurnState.AwaitingModel(t.Now) };
        }

        if (ids.SequenceEqual(notice.CancelledCalls, StringComparer.Ordinal))
        {
            return parts;
        }

        if (ids.Count > 0)
        {
            t.Emit(new Effect.SendToClient(ToolFrames.Cancellation(ids), OutputTraits.None, AfterFact: 0));
        }

        return parts & ~ServerParts.ToolCallCancellation;
    }

    /// <summary>The client answers calls.</summary>
    public static void Answered(Transition t, ConversationInput.ClientAnsweredTools answers)
    {
        CheckpointStep.InputCame(t, InputTraits.ToolResponse);
        if (answers.Results.IsEmpty)
        {
            // No result in it at all: upstream's to judge.
            Quarantine.Note(t, answers.Seq, InputTraits.ToolResponse);
            return;
        }

        var link = t.State.Link is LinkState.Live live ? live.Link : 0;
        var results = ImmutableList.CreateBuilder<(string Id, ToolResult Result)>();
        foreach (var result in answers.Results)
        {
            if (Take(t, link, result, answers.Seq) is { } upstreamId)
            {
                results.Add((upstreamId, result));
            }
        }

        // What is held back must not hold the result back.
        var asItCame = t.State.HoldsForCall != CallHold.On && results.Count == answers.Results.Length && results.TrueForAll(result => string.Equals(result.Id, result.Result.Id, StringComparison.Ordinal));
        if (!asItCame)
        {
            t.Emit(new Effect.QuarantineInput(answers.Seq));
        }

        if (results.Count == 0)
        {
            ToolNotes.Tell(t);
            return;
        }

        Quarantine.Note(t, answers.Seq, InputTraits.ToolResponse);
        StallStep.Restart(t);
        if (!asItCame)
        {
            t.Emit(new Effect.SendUpstream(ToolFrames.Results(results)));
        }

        var waits = t.State.Turn is TurnState.ToolPending || (t.State.Turn is TurnState.Idle && results.Exists(result => !result.Result.IsSilent));
        t.State = t.State with
        {
            Turn = waits && !t.State.Tools.IsOpenOn(link) ? new TurnState.AwaitingModel(t.Now) : t.State.Turn,
        };
        ToolNotes.Tell(t);
    }

    /// <summary>The model speaks after it had to wait: what it was given is part of the turn, unless the user has begun to say something else.</summary>
    public static void SpokenAbout(Transition t, int link)
    {
        var (book, seq) = t.State.Tools.SpokenAbout(link, toldBefore: HearsQuestionFirst(t) ? 0 : t.Now - AnsweredInput.SoonestMs);
        var draft = t.State.Draft;
        if (book != t.State.Tools && (draft.Parts & ServerParts.ToolCall) != 0)
        {
            // What the user had said before the call was answered has arrived before the result: it interrupts nothing any more.
            draft = draft with { Crosses = false };
        }

        t.State = t.State with
        {
            Tools = book,
            Draft = draft.Answering && draft.NextUserText.Length == 0 && !UserTurn.UserSpeaksAgain(t.State)
                ? draft with { AnsweredTo = Math.Max(draft.AnsweredTo, Math.Min(seq, t.State.Media.SentTo)) }
                : draft,
        };
    }

    /// <summary>Behind a replay, the first reply is to the question that was replayed: what was told in words went up after it.</summary>
    private static bool HearsQuestionFirst(Transition t) =>
        t.State.Link is LinkState.Live { TurnDone: false } && ToolNotes.IsBehind(t);

    /// <summary>A turn was settled. Calls that its last connection's model did not make are withdrawn: nobody waits for them.</summary>
    public static void Settled(Transition t)
    {
        var (link, told) = t.State.Link is LinkState.Live live ? (live.Link, live.Plan is ResumePlan.Seed) : (0, false);
        var (book, vanished) = t.State.Tools.Settled(link, t.State.CommittedTo, told);
        t.State = t.State with { Tools = book };
        foreach (var id in vanished)
        {
            t.Append(new ToolCancelled(id));
            t.Emit(new Effect.ForgetCall(id));
        }

        if (!vanished.IsEmpty)
        {
            t.Emit(new Effect.SendToClient(ToolFrames.Cancellation(vanished), OutputTraits.None, AfterFact: 0));
        }
    }

    /// <summary>Upstream does not take this result: it will not be repeated.</summary>
    public static void Refused(Transition t, long seq)
    {
        foreach (var call in t.State.Tools.All.Where(call => call.Seq == seq && call is { Status: CallStatus.Answered, IsSeen: false }))
        {
            t.State = t.State with { Tools = t.State.Tools.Set(call with { Results = [ToolFrames.Failure(call.Name, "upstream refused the result of this function")], Seq = 0 }) };
        }
    }

    /// <summary>Results are no part of a question: they are not replayed.</summary>
    private static long Question(ConversationState state) => Math.Min(state.Draft.AnsweredTo, state.Media.LastMeaningful);

    /// <summary>A call that an earlier connection's model made in the same turn.</summary>
    private static BookedCall? Again(Transition t, int link, ToolRequest request)
    {
        if (t.State.Tools.MadeBefore(link, request.Name, request.Args, t.State.Media.SentTo) is not { } call)
        {
            return null;
        }

        if (t.State.Rules.RepeatableTools.Contains(call.Name))
        {
            t.State = t.State with { Tools = t.State.Tools.Set(call with { Status = CallStatus.Vanished }) };
            return null;
        }

        var unknown = call.Status == CallStatus.Unknown;
        call = call.Status switch
        {
            CallStatus.Cancelled => Failed(call, "the call was cancelled; whether it had any effect is not known"),
            CallStatus.Unknown => Failed(call, "the outcome of this call is not known"),
            _ => call,
        };
        call = call with
        {
            UpstreamId = request.Id,
            Link = link,
            Question = Question(t.State),
            Otherwise = ToolBook.AreSame(call.Args, request.Args) ? null : call.Otherwise ?? (call.Link, call.Question),
            Turn = t.State.Turns + 1,
            ToldOn = call.Status == CallStatus.Answered ? link : 0,
            IsSpokenAbout = call.Status == CallStatus.Answered && call.EndsSilently,
            Seq = 0,
        };
        t.State = t.State with { Tools = t.State.Tools.Set(call) };
        if (unknown)
        {
            t.Append(new ToolAnswered(call.Id, call.Name, call.Results[0].Response));
        }

        return call;
    }

    private static BookedCall Failed(BookedCall call, string error) => call with { Status = CallStatus.Answered, Results = [ToolFrames.Failure(call.Name, error)] };

    /// <returns>Upstream's id of the call, if the result can go there now.</returns>
    private static string? Take(Transition t, int link, ToolResult result, long seq)
    {
        if (t.State.Tools.Find(result.Id) is not { Status: CallStatus.Open or CallStatus.Unknown } call)
        {
            t.Count("unknownToolResult");
            return null;
        }

        t.Emit(new Effect.ConfirmCall(call.Id));
        t.Append(new ToolAnswered(call.Id, call.Name, result.Response) { WillContinue = result.WillContinue });
        var goes = link > 0 && call.IsOpenOn(link);
        call = ToolBook.Answered(call, result, seq);
        t.State = t.State with { Tools = t.State.Tools.Set(call with { ToldOn = goes ? link : 0 }) };
        return goes ? call.UpstreamId : null;
    }
}
