using System.Text.Json;
using Gemini.Live.Links;
using Gemini.Live.Scanning;
using Orchestrator.Attach;
using Orchestrator.Grains.Conversations;
using Orchestrator.Grains.Recovery;
using Orchestrator.Grains.Tools;
using Orchestrator.Grains.Turns;
using Orchestrator.Journal;
using Xunit;

namespace Orchestrator.Grains.Tests.Conversations;

/// <summary>Drives the pure step in virtual time and keeps what it asked for. No clock, no socket, no sleep.</summary>
internal sealed class Scenario
{
    private readonly List<Effect> _last = [];

    public Scenario(bool manual = false, bool initialHistory = false, bool attached = true)
    {
        State = new ConversationState
        {
            Rules = new ConversationRules(manual, SilenceMs: 800, initialHistory, ["primary"], "hash"),
            Endpoint = "primary",
            Journal = 1,
        };
        if (attached)
        {
            Attach();
        }
    }

    public ConversationState State { get; set; }

    public long Now { get; private set; } = 1_000;

    public List<Effect> All { get; } = [];

    /// <summary>Effects of the last input.</summary>
    public IReadOnlyList<Effect> Last => _last;

    public IEnumerable<ConversationFact> Facts => All.OfType<Effect.Append>().Select(a => a.Fact);

    public IReadOnlyList<TurnCommitted> Commits => [.. Facts.OfType<TurnCommitted>()];

    public int Link => State.Links;

    public Scenario After(long ms)
    {
        Now += ms;
        return this;
    }

    public Scenario Apply(ConversationInput input)
    {
        _last.Clear();
        State = ConversationStep.Apply(State, input, Now, _last);
        All.AddRange(_last);
        return this;
    }

    public Scenario Attach(bool wantsTranscripts = true) => Apply(new ConversationInput.ClientAttached(
        State.Attachments + 1, new ClientWants(wantsTranscripts, wantsTranscripts, AwaitsSetup: false)));

    public Scenario Detach(int? code) => Apply(new ConversationInput.ClientDetached(State.Attachments, code, ""));

    /// <summary>Attached, dialled and set up.</summary>
    public static Scenario Live(bool manual = false, bool initialHistory = false) => new Scenario(manual, initialHistory).Ready();

    public Scenario Ready()
    {
        Server(ServerParts.SetupComplete);
        if (State.Link is LinkState.Live live)
        {
            // The handle that upstream owes for the setup is nobody's concern here.
            State = State with { Link = live with { HandlesOwed = [] } };
        }

        if (_last.OfType<Effect.SendInputAfter>().Any())
        {
            State.Media.SentTo = State.Media.LastInput;
            Effect[] before = [.. _last];
            Flushed();
            _last.InsertRange(0, before);
        }

        return this;
    }

    /// <summary>The replay is out.</summary>
    public Scenario Flushed(long audioMs = 0) => Apply(new ConversationInput.ReplayFlushed(Link, audioMs));

    /// <summary>Client audio in 20 ms frames, in real time.</summary>
    public Scenario Audio(int ms, bool voiced = true)
    {
        for (var sent = 0; sent < ms; sent += 20)
        {
            Now += 20;
            Client(InputTraits.Audio | (voiced ? InputTraits.Voiced : InputTraits.None), audioMs: 20);
        }

        return this;
    }

    public Scenario Client(InputTraits traits, int audioMs = 0, string? text = null)
    {
        var seq = State.Media.LastInput + 1;
        Hand(seq);
        if (MediaPath.ObserveInput(State, seq, traits, audioMs, Now))
        {
            Apply(new ConversationInput.ClientSent(seq, traits, text));
        }
        else
        {
            _last.Clear();
        }

        return this;
    }

    /// <summary>A live link is handed what comes at once.</summary>
    private void Hand(long seq)
    {
        if (State.Link is LinkState.Live)
        {
            State.Media.SentTo = seq;
        }
    }

    public Scenario ToolResult(string id)
    {
        var seq = State.Media.LastInput + 1;
        MediaPath.ObserveInput(State, seq, InputTraits.ToolResponse, 0, Now);
        Hand(seq);
        return Apply(new ConversationInput.ClientAnsweredTools(seq, [new ToolResult(id, "f", JsonElement.Parse("{}"), WillContinue: false)]));
    }

    public Scenario Server(ServerParts parts, string input = "", string output = "", int audioMs = 0, int? link = null)
    {
        if (MediaPath.ObserveOutput(State, link ?? Link, parts, audioMs, Now))
        {
            _last.Clear();
            return this;
        }

        return Apply(new ConversationInput.LinkMessage(link ?? Link, new ServerNotice(parts) { InputText = input, OutputText = output, AudioMs = audioMs }));
    }

    public Scenario Spoken(int ms, string text = "")
    {
        if (text.Length > 0)
        {
            Server(ServerParts.ServerContent | ServerParts.OutputTranscription, output: text);
        }

        return Server(ServerParts.ServerContent | ServerParts.ModelAudio, audioMs: ms);
    }

    public Scenario Transcribed(string text) => Server(ServerParts.ServerContent | ServerParts.InputTranscription, input: text);

    public Scenario GenerationComplete() => Server(ServerParts.ServerContent | ServerParts.GenerationComplete);

    public Scenario TurnComplete(ServerParts more = ServerParts.None) => Server(ServerParts.ServerContent | ServerParts.TurnComplete | more);

    public Scenario Interrupted() => Server(ServerParts.ServerContent | ServerParts.Interrupted);

    public Scenario Handle(string handle) => Apply(new ConversationInput.LinkMessage(
        Link, new ServerNotice(ServerParts.SessionResumptionUpdate) { Handle = handle }));

    public Scenario Calls(string id) => Apply(new ConversationInput.LinkMessage(
        Link, new ServerNotice(ServerParts.ToolCall) { Calls = [new ToolRequest(id, "f", JsonElement.Parse("{}"))] }));

    public Scenario Lost(int? code = null, string reason = "", LinkLossKind? kind = null) => Apply(new ConversationInput.LinkClosed(
        Link, new LinkLoss(kind ?? (code is null ? LinkLossKind.NetworkLost : LinkLossKind.CloseFrame), code, reason)));

    public Scenario Elapse(DeadlineKind kind) => Apply(new ConversationInput.DeadlineElapsed(kind, State.Armed.GetValueOrDefault(kind)));

    public Scenario Committed() => Apply(new ConversationInput.JournalCommitted(State.Journal));

    /// <summary>One spoken question and its whole answer, committed, with a checkpoint after it.</summary>
    public Scenario WholeTurn(string handle = "h1")
    {
        Audio(600).Audio(1_000, voiced: false).Transcribed(" hello").After(200).Spoken(400, "hi there").GenerationComplete().After(400).TurnComplete();
        Committed();
        return Handle(handle).Committed();
    }

    public T Expect<T>()
        where T : Effect => Assert.Single(_last.OfType<T>());

    public Scenario ExpectNo<T>()
        where T : Effect
    {
        Assert.Empty(_last.OfType<T>());
        return this;
    }

    public Scenario ExpectTurn<T>()
        where T : TurnState
    {
        Assert.IsType<T>(State.Turn);
        return this;
    }
}
