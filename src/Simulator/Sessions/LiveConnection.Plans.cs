using Gemini.Live.Simulator.Faults;
using Gemini.Live.Simulator.Model;
using Gemini.Live.Simulator.Protocol;
using Gemini.Live.Simulator.Voice;

namespace Gemini.Live.Simulator.Sessions;

/// <summary>What a reply consists of: its stages, its faults, its token counts.</summary>
public sealed partial class LiveConnection
{
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
            // 2.5 on Vertex ends the turn with the tool round and speaks about the results in a turn of its own (dossier §3.8).
            if (waits && model.Facts.VertexOnly)
                stages.Add(new Stage.EndTurn(Status(final: false)));
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

    /// <param name="asked">The user is answered: what withholds an answer strikes then, and not where the model speaks of results.</param>
    private TurnFaults TakeTurnFaults(bool asked)
    {
        var point = Point(FaultPhase.Awaiting);
        var faults = _world.Faults;
        var bursts = faults.Take(FaultAction.AudioBursts, point);
        return new TurnFaults(
            asked && faults.Take(FaultAction.Stall, point) is not null,
            asked && faults.Take(FaultAction.EmptyTurn, point) is not null,
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
