using System.Globalization;
using System.Text.Json;
using Gemini.Live.Models;
using Gemini.Live.Simulator.Model;
using Gemini.Live.Simulator.Protocol;

namespace Gemini.Live.Simulator.Sessions;

/// <summary>Tool calls and their results.</summary>
public sealed partial class LiveConnection
{
    private readonly Dictionary<string, PendingCall> _pendingCalls = new(StringComparer.Ordinal);
    private readonly Queue<ScriptedReply> _reactions = new();
    private readonly HashSet<string> _cancelledCalls = new(StringComparer.Ordinal);
    private int _batches;

    private void MakeCalls(Reply reply, Stage.Call stage)
    {
        _batches++;
        var outgoing = new List<OutgoingCall>();
        foreach (var call in stage.Calls)
        {
            var id = NewCallId(_setup!.Model.Facts.ToolIds);
            var blocking = _setup.Functions[call.Name].Blocking;
            _pendingCalls[id] = new PendingCall(id, call.Name, blocking, reply.Script, _batches);
            outgoing.Add(new OutgoingCall(id, call.Name, call.ArgsJson));
            _memory.Add(new MemoryEntry(MemoryKind.ToolCall, Number, _now) { Id = id, Role = call.Name, Text = call.ArgsJson });
        }
        Send(ServerFrames.ToolCall(outgoing));
        reply.WaitsForTools = stage.Waits;
        EnterCurrent();
        if (!stage.Waits)
            NextStage(reply);
    }

    private Refusal? OnToolResponse(JsonElement message)
    {
        var responses = message.Get("functionResponses").Items().ToList();
        if (responses.Count == 0 || responses.Exists(response => response.Get("id").Text() is not { } id || !IsKnown(id)))
            return Refusal.InvalidArgument;
        foreach (var response in responses)
        {
            var id = response.Get("id").Text()!;
            // A result that crossed its cancellation on the wire is nobody's fault.
            if (_cancelledCalls.Contains(id))
                continue;
            if (!_pendingCalls.TryGetValue(id, out var call))
                return Refusal.InvalidArgument;
            if (Remember(new MemoryEntry(MemoryKind.ToolResponse, Number, _now)
                {
                    Id = id,
                    Role = call.Name,
                    Text = response.Get("response").Exists() ? response.Get("response").GetRawText() : "{}",
                }) is { } exhausted)
            {
                return exhausted;
            }
            if (response.Get("willContinue").IsTrue() && !call.Blocking)
                continue;
            _pendingCalls.Remove(id);
            OnAnswered(call, response.Get("scheduling").Text());
        }
        return null;
    }

    private bool IsKnown(string id) => _pendingCalls.ContainsKey(id) || _cancelledCalls.Contains(id);

    /// <summary>An interrupted turn takes the calls with it that it waited for.</summary>
    private void CancelCalls(bool waits)
    {
        var cancelled = _pendingCalls.Values.Where(call => call.Blocking || waits).Select(call => call.Id).ToList();
        if (cancelled.Count == 0)
            return;
        foreach (var id in cancelled)
        {
            _pendingCalls.Remove(id);
            _cancelledCalls.Add(id);
        }
        Send(ServerFrames.ToolCallCancellation(cancelled));
    }

    private void OnAnswered(PendingCall call, string? scheduling)
    {
        if (_pendingCalls.Values.Any(other => other.Batch == call.Batch))
            return;
        if (_reply is { WaitsForTools: true } waiting)
        {
            if (_pendingCalls.Values.Any(other => other.Blocking))
                return;
            waiting.WaitsForTools = false;
            waiting.Usage = PromptUsage();
            EnterCurrent();
            waiting.Timer = Arm(_options.ReplyDelay, () => NextStage(waiting));
            return;
        }
        if (call.Blocking || _setup!.Model.Facts.Functions.Scheduling != SchedulingSupport.Honoured)
            scheduling = null;
        if (scheduling == "SILENT")
            return;
        _reactions.Enqueue(call.Reply);
        // While the user speaks, INTERRUPT is taken for WHEN_IDLE (Vertex guide of 3.8).
        if (scheduling == "INTERRUPT" && !UserSpeaks)
            Interrupt(always: true);
        ReactToResults();
    }

    /// <summary>Speaks about the results of calls that did not block, when nobody else does.</summary>
    private void ReactToResults()
    {
        if (_reply is not null || UserSpeaks || !_reactions.TryDequeue(out var script))
            return;
        _session!.RepliesBegun++;
        var faults = TakeTurnFaults(asked: false);
        Begin(new Reply(script, faults, [Speech(script, null), new Stage.EndTurn(Status(final: true))]), null);
    }

    private string NewCallId(ToolIdStyle style) => style switch
    {
        ToolIdStyle.FunctionCallDigits => "function-call-" + Digits(19),
        ToolIdStyle.Uuid => _world.NewId(),
        ToolIdStyle.FcDigits => "fc_" + Digits(19),
        _ => "call_" + Digits(6),
    };

    private string Digits(int count) => string.Create(CultureInfo.InvariantCulture, $"{_random.NextInt64(1, 10)}{Rest(count - 1)}");

    private string Rest(int count) => string.Concat(Enumerable.Range(0, count).Select(_ => (char)('0' + _random.Next(10))));
}
