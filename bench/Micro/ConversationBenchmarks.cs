using BenchmarkDotNet.Attributes;
using Gemini.Live.Scanning;
using Orchestrator.Attach;
using Orchestrator.Grains.Actor;
using Orchestrator.Grains.Conversations;
using Orchestrator.Grains.Recovery;

namespace Orchestrator.Bench.Micro;

/// <summary>
/// What the conversation itself does with a frame, between the scan and the socket: counting it, deciding nothing, keeping it.
/// The rows of the audio path must not allocate.
/// </summary>
[MemoryDiagnoser]
public class ConversationBenchmarks
{
    private const InputTraits Speech = InputTraits.Audio | InputTraits.Voiced;

    private readonly byte[] _frame = new byte[940];
    private readonly ConversationState _state = new()
    {
        Rules = new ConversationRules(ManualActivity: false, SilenceMs: 800, InitialHistory: false, ["primary"], "hash"),
        Endpoint = "primary",
        Turn = Grains.Turns.TurnState.ModelSpeaking.Instance,
        Link = new LinkState.Live(1, new ResumePlan.Fresh("primary", 0)),
    };

    private readonly List<Effect> _effects = [];
    private readonly Mailbox<Letter> _mailbox = new(static _ => { });
    private readonly Letter _letter = new(LetterKind.Confirmed);
    private readonly InputLog _log = new(0, 1 << 23, silenceMs: 800);
    private long _now;

    /// <summary>A frame of a user who is speaking.</summary>
    [Benchmark]
    public bool Step_ClientAudio() => MediaPath.ObserveInput(_state, ++_now, Speech, 20, _now);

    /// <summary>A frame of a model that is speaking.</summary>
    [Benchmark]
    public bool Step_ModelAudio() => MediaPath.ObserveOutput(_state, 1, ServerParts.ServerContent | ServerParts.ModelAudio, 20, ++_now);

    /// <summary>What is no steady audio goes through the whole step: here an end of the stream, which decides nothing now.</summary>
    [Benchmark]
    public ConversationState Step_Decision()
    {
        _effects.Clear();
        return ConversationStep.Apply(_state, new ConversationInput.ClientSent(1, InputTraits.AudioStreamEnd, null), 1, _effects);
    }

    /// <summary>Nobody else is inside: the thread that brings a frame handles it.</summary>
    [Benchmark]
    public void Mailbox_Enter()
    {
        if (_mailbox.TryEnter())
        {
            _mailbox.Leave();
        }
    }

    /// <summary>By way of the queue.</summary>
    [Benchmark]
    public void Mailbox_Post() => _mailbox.Post(_letter, control: true);

    /// <summary>Kept for a replay, sent, and forgotten two seconds later.</summary>
    [Benchmark]
    public long InputLog_Append()
    {
        var position = _log.Append(_frame, InputTraits.Audio, 20);
        _log.AdvanceTo(position);
        _log.TrimQuiet();
        return position;
    }
}
