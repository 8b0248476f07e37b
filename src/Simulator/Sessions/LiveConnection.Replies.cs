using Gemini.Live.Models;
using Gemini.Live.Simulator.Faults;
using Gemini.Live.Simulator.Model;
using Gemini.Live.Simulator.Protocol;
using Gemini.Live.Simulator.Voice;

namespace Gemini.Live.Simulator.Sessions;

/// <summary>The model's turns: delay, speech in real time, tool rounds, completion, interruption.</summary>
public sealed partial class LiveConnection
{
    private Reply? _reply;
    private bool _answerOwed;

    /// <summary>The user's turn is over: an answer is due, now or after the reply under way.</summary>
    private void AnswerUser()
    {
        if (_reply is not null)
        {
            _answerOwed = true;
            return;
        }
        _answerOwed = false;
        var heard = _heard.ToString();
        _heard.Clear();
        var faults = TakeTurnFaults();
        var script = _world.Scripts.Take(_setup!.Model.Id, _session!.Id, TurnNumber, heard) ?? new ScriptedReply();
        if (faults.Stall || script.Silent)
        {
            EnterCurrent();
            return;
        }
        _session.RepliesBegun++;
        Begin(new Reply(script, faults, faults.Empty ? [new Stage.EndTurn(Status(final: true))] : Stages(script)), script.DelayMs);
    }

    private void Begin(Reply reply, int? delayMs)
    {
        _reply = reply;
        EnterCurrent();
        reply.Timer = Arm(delayMs is { } ms ? TimeSpan.FromMilliseconds(ms) : _options.ReplyDelay, () =>
        {
            reply.IsAwaiting = false;
            reply.Usage = PromptUsage();
            SendNotResumable();
            EnterCurrent();
            NextStage(reply);
        });
    }

    private List<Stage> Stages(ScriptedReply script)
    {
        var model = _setup!.Model;
        var stages = new List<Stage>();
        var declared = script.ToolCalls.Where(call => _setup.Functions.ContainsKey(call.Name)).ToList();
        var thought = model.Facts.Thinking.PartsUnasked || _setup.IncludeThoughts ? script.Thought ?? "Considering what was said." : null;
        var filler = script.Filler ?? (declared.Count > 0 && model.ExtendedThinking ? "One moment, please." : null);
        if (filler is not null)
        {
            stages.Add(Speech(new ScriptedReply { Text = filler }, thought));
            thought = null;
            if (model.ExtendedThinking)
                stages.Add(new Stage.EndTurn(Status(final: false)));
        }
        if (declared.Count > 0)
        {
            var waits = model.ExtendedThinking || declared.Exists(call => _setup.Functions[call.Name].Blocking);
            stages.Add(new Stage.Call(declared, waits));
            if (!waits)
            {
                // The turn ends; the results bring a turn of their own (measured on 3.8).
                stages.Add(new Stage.EndTurn(Status(final: true)));
                return stages;
            }
        }
        stages.Add(Speech(script, thought));
        stages.Add(new Stage.EndTurn(Status(final: true)));
        return stages;
    }

    private string? Status(bool final) => !_setup!.Model.ExtendedThinking ? null : final ? "IDLE" : "IN_PROGRESS";

    private Stage.Say Speech(ScriptedReply script, string? thought)
    {
        if (script.Text is null)
        {
            var clips = DemoVoice.Clips;
            var clip = clips[((script.Clip ?? _session!.RepliesBegun) - 1) % clips.Count];
            return new Stage.Say(clip.Text, clip.Pcm, thought);
        }
        var words = script.Text.Length == 0 ? 0 : script.Text.Count(c => c == ' ') + 1;
        var length = TimeSpan.FromSeconds(script.Seconds ?? (words * 0.3));
        return new Stage.Say(script.Text, DemoVoice.Hum(length, (Number * 1_000) + _session!.RepliesBegun), thought);
    }

    private void NextStage(Reply reply)
    {
        if (!reply.Stages.TryDequeue(out var stage))
        {
            Finish(reply);
            return;
        }
        switch (stage)
        {
            case Stage.Say say:
                reply.StageBegan = _now;
                reply.NextStep = 0;
                reply.Steps = ReplyPlanner.Plan(_setup!.Model, say.Text, say.Pcm, say.Thought, _options, reply.Faults.Shape, reply.FirstPart);
                reply.FirstPart = false;
                RunSteps(reply);
                break;
            case Stage.Call call:
                MakeCalls(reply, call);
                break;
            case Stage.EndTurn end:
                EndTurn(reply, end, early: false);
                break;
        }
    }

    private void RunSteps(Reply reply)
    {
        // Spontaneous early end (python-genai#2117): after two fifths of the speech.
        var cut = reply.Faults.Early ? Math.Max(1, reply.Steps.Count * 2 / 5) : int.MaxValue;
        while (_reply == reply && !_ended)
        {
            var step = reply.Steps[reply.NextStep];
            var due = reply.StageBegan + step.At;
            if (due > _now)
            {
                reply.Timer = _timers.Arm(due, () => RunSteps(reply));
                return;
            }
            reply.NextStep++;
            if (reply.NextStep > cut)
            {
                reply.Stages.Clear();
                EndTurn(reply, new Stage.EndTurn(Status(final: true)), early: true);
                return;
            }
            switch (step)
            {
                case PlannedStep.Speak speak:
                    Say(reply, speak);
                    break;
                case PlannedStep.Think think:
                    Send(ServerFrames.Thought(think.Text));
                    break;
                case PlannedStep.Filler filler:
                    Send(filler.ServerContent ? ServerFrames.EmptyContent : ServerFrames.Empty);
                    break;
                case PlannedStep.Done:
                    NextStage(reply);
                    return;
            }
        }
    }

    private void Say(Reply reply, PlannedStep.Speak speak)
    {
        var transcript = _setup!.OutputTranscription ? speak.Transcript : null;
        reply.Entry ??= _memory.Add(new MemoryEntry(MemoryKind.Model, Number, _now) { Turn = TurnNumber });
        reply.Entry.Said.Append(speak.Transcript);
        if (speak.Pcm.IsEmpty && transcript is null)
            return;
        var pcm = speak.Pcm.Span;
        reply.Entry.SaidAudio.Write(pcm);
        reply.AudioBytes += pcm.Length;
        var played = TimeSpan.FromSeconds(pcm.Length / 2.0 / DemoVoice.Rate);
        reply.PlaybackEnds = (reply.PlaybackEnds > _now ? reply.PlaybackEnds : _now) + played;
        Send(ServerFrames.Speech(pcm, transcript, role: _setup.Model.Frames == FrameStyle.OnePartAndEmptyFrames), pcm);
    }

    private void EndTurn(Reply reply, Stage.EndTurn end, bool early)
    {
        ReleaseTranscripts(InputTranscripts.After);
        if (!reply.Faults.Empty && !early)
            Send(ServerFrames.GenerationComplete);
        // turnComplete waits until playback would have ended (dossier §3.2).
        var at = early || reply.PlaybackEnds < _now ? _now : reply.PlaybackEnds;
        reply.Timer = _timers.Arm(at, () =>
        {
            var isLast = reply.Stages.Count == 0;
            if (isLast)
                CloseEntry(reply, TurnEnding.Complete);
            Send(ServerFrames.TurnComplete(end.InteractionStatus, reply.Faults.OmitUsage ? null : FullUsage(reply)));
            reply.AudioBytes = 0;
            NextStage(reply);
        });
    }

    private void CloseEntry(Reply reply, TurnEnding ending)
    {
        reply.Entry ??= _memory.Add(new MemoryEntry(MemoryKind.Model, Number, _now) { Turn = TurnNumber });
        _memory.EndTurn(reply.Entry, ending);
        reply.Entry = null;
    }

    /// <summary>The last turnComplete is out.</summary>
    private void Finish(Reply reply)
    {
        _reply = null;
        EndReplay();
        IssueHandle(first: false);
        ReleaseTranscripts(InputTranscripts.Late);
        if (reply.Faults.DuplicateTranscription is { } duplicate)
            RepeatTranscript(TimeSpan.FromMilliseconds(duplicate.Ms ?? 55_000));
        _lastTranscript.Clear();
        EnterCurrent();
        if (_answerOwed && !UserSpeaks)
            AnswerUser();
        else
            ReactToResults();
    }

    /// <summary>The same inputTranscription again, long after (gemini-live-api-examples#48).</summary>
    private void RepeatTranscript(TimeSpan delay)
    {
        var again = string.Concat(_lastTranscript);
        if (again.Length > 0 && _setup!.InputTranscription)
            Arm(delay, () => Send(ServerFrames.InputTranscription(again)));
    }

    /// <summary>
    /// Client input cuts the reply: interrupted, then turnComplete, without generationComplete and usage; also
    /// while playback is assumed to run. A reply that was not begun is dropped without a word.
    /// </summary>
    /// <param name="always">clientContent interrupts even under NO_INTERRUPTION.</param>
    private void Interrupt(bool always)
    {
        if (_reply is not { } reply || (_setup!.NoInterruption && !always))
            return;
        reply.Timer?.Cancel();
        _reply = null;
        if (reply.IsAwaiting)
            return;
        var cancelled = _pendingCalls.Values.Where(call => call.Blocking || reply.WaitsForTools).Select(call => call.Id).ToList();
        foreach (var id in cancelled)
            _pendingCalls.Remove(id);
        if (cancelled.Count > 0)
            Send(ServerFrames.ToolCallCancellation(cancelled));
        CloseEntry(reply, TurnEnding.Interrupted);
        Send(ServerFrames.Interrupted);
        Send(ServerFrames.TurnComplete(Status(final: true), null));
        EndReplay();
        _lastTranscript.Clear();
        IssueHandle(first: false);
    }

    private TurnFaults TakeTurnFaults()
    {
        var point = Point(FaultPhase.Awaiting);
        var faults = _world.Faults;
        var bursts = faults.Take(FaultAction.AudioBursts, point);
        return new TurnFaults(
            faults.Take(FaultAction.Stall, point) is not null,
            faults.Take(FaultAction.EmptyTurn, point) is not null,
            faults.Take(FaultAction.EarlyTurnComplete, point) is not null,
            faults.Take(FaultAction.OmitUsage, point) is not null,
            faults.Take(FaultAction.DuplicateTranscription, point),
            new ReplyShape
            {
                TranscriptAhead = faults.Take(FaultAction.TranscriptAhead, point) is not null,
                Repeats = faults.Take(FaultAction.RepeatSentence, point) is { } repeat ? repeat.Ms is > 1 and <= 10 ? repeat.Ms.Value : 2 : 1,
                Bursts = bursts is null ? null : (TimeSpan.FromMilliseconds(bursts.MinMs ?? 400), TimeSpan.FromMilliseconds(bursts.MaxMs ?? 800)),
            });
    }

    private TurnUsage PromptUsage() => new(
        (int)_memory.TextTokens + _setup!.PromptTokens,
        (int)_memory.AudioTokens,
        // Counted in the total and in no detail, as recorded.
        _setup.Model.PromptOverhead,
        0, 0, 0);

    private TurnUsage FullUsage(Reply reply)
    {
        var audio = (int)Math.Ceiling(reply.AudioBytes / 48_000.0 * 25);
        return reply.Usage with { ResponseAudio = audio, ResponseRest = audio / 8, Thoughts = audio > 0 ? _setup!.Model.ThoughtTokens : 0 };
    }
}
