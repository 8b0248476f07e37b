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
    private Reply? _dropped;
    private bool _answerOwed;

    /// <summary>What a stall, an empty turn or an early end withheld, until the next answer.</summary>
    private Func<List<Stage>>? _owed;

    /// <summary>The user's turn is over: an answer is due, now or after the reply under way.</summary>
    private void AnswerUser()
    {
        if (_reply is not null)
        {
            _answerOwed = true;
            return;
        }
        _answerOwed = false;
        // A user who went on speaking before the reply began is still in the same turn: nothing is drawn twice.
        var heard = _dropped?.Heard + _heard;
        _heard.Clear();
        var faults = _dropped?.Faults ?? TakeTurnFaults(asked: true);
        var script = _dropped?.Script
            ?? _world.Scripts.Take(_setup!.Model.Id, _session!.Id, TurnNumber, heard, _owed is not null)?.To(heard)
            ?? new ScriptedReply();
        _dropped = null;
        if (faults.Stall || script.Silent)
        {
            _owed = faults.Stall ? () => Stages(script) : null;
            EnterCurrent();
            return;
        }
        _session!.RepliesBegun++;
        var stages = script.Rest && _owed is not null ? _owed() : Stages(script);
        _owed = null;
        if (faults.Empty)
        {
            var withheld = stages;
            _owed = () => withheld;
            stages = [new Stage.EndTurn(Status(final: true))];
        }
        Begin(new Reply(script, faults, stages) { Heard = heard }, script.DelayMs);
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
                List<Stage> rest = [Unsaid(reply), .. reply.Stages];
                _owed = () => rest;
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
                case PlannedStep.TranscriptFinished when _setup!.OutputTranscription:
                    Send(ServerFrames.TranscriptFinished);
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

    private static Stage.Say Unsaid(Reply reply)
    {
        var rest = reply.Steps.Skip(reply.NextStep - 1).OfType<PlannedStep.Speak>().ToList();
        return new Stage.Say(string.Concat(rest.Select(step => step.Transcript)), rest.SelectMany(step => step.Pcm.ToArray()).ToArray(), Thought: null);
    }

    private void Say(Reply reply, PlannedStep.Speak speak)
    {
        var transcript = _setup!.OutputTranscription ? speak.Transcript : null;
        reply.Entry ??= _memory.Add(NewModelEntry());
        reply.Entry.Said.Append(speak.Transcript);
        if (speak.Pcm.IsEmpty && transcript is null)
            return;
        var pcm = speak.Pcm.Span;
        reply.Entry.AudioBytes += pcm.Length;
        reply.AudioBytes += pcm.Length;
        var played = TimeSpan.FromSeconds(pcm.Length / 2.0 / DemoVoice.Rate);
        reply.PlaybackEnds = (reply.PlaybackEnds > _now ? reply.PlaybackEnds : _now) + played;
        var role = _request.IsVertex || _setup.Model.Frames == FrameStyle.OnePartAndEmptyFrames;
        Send(ServerFrames.Speech(pcm, transcript, role, _request.IsVertex), pcm, transcript);
    }

    private void EndTurn(Reply reply, Stage.EndTurn end, bool early)
    {
        ReleaseTranscripts(InputTranscripts.After);
        if (!reply.Faults.Empty && !early)
        {
            Send(ServerFrames.GenerationComplete);
            EnterBeside(FaultPhase.Playback);
        }
        // turnComplete waits until playback would have ended (dossier §3.2).
        var at = early || reply.PlaybackEnds < _now ? _now : reply.PlaybackEnds;
        reply.Timer = _timers.Arm(at, () =>
        {
            LeaveBeside(FaultPhase.Playback);
            var isLast = reply.Stages.Count == 0;
            if (isLast)
                CloseEntry(reply, TurnEnding.Complete);
            Send(ServerFrames.TurnComplete(end.InteractionStatus, reply.Faults.OmitUsage ? null : FullUsage(reply), _request.IsVertex));
            reply.AudioBytes = 0;
            NextStage(reply);
        });
    }

    private void CloseEntry(Reply reply, TurnEnding ending)
    {
        reply.Entry ??= _memory.Add(NewModelEntry());
        _memory.EndTurn(reply.Entry, ending);
        reply.Entry = null;
    }

    private MemoryEntry NewModelEntry() =>
        new(MemoryKind.Model, Number, _now) { Turn = TurnNumber, AudioFrom = _session!.ModelAudio.Length };

    /// <summary>The last turnComplete is out.</summary>
    private void Finish(Reply reply)
    {
        _reply = null;
        LeaveBeside(FaultPhase.Replay);
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
}
