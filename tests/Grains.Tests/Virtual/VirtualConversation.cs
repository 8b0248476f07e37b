using Xunit;
using System.Diagnostics.Metrics;
using System.Text;
using Gemini.Live.Links;
using Gemini.Live.Setup;
using Gemini.Live.Simulator;
using Gemini.Live.Simulator.Faults;
using Gemini.Live.Simulator.Sessions;
using Orchestrator.Grains.Actor;
using Orchestrator.Grains.Conversations;
using Orchestrator.Attach;
using Orchestrator.Journal;
using Orchestrator.Testing;

namespace Orchestrator.Grains.Tests.Virtual;

/// <summary>
/// A whole conversation without sockets, threads or sleeps: a client, the real actor, the simulator core, on one clock
/// that this moves. <see cref="Oracle"/> judges it afterwards, and the client and the journal while it goes on.
/// </summary>
internal sealed class VirtualConversation
{
    private readonly Random _random;
    private readonly SetupPlan _setup;
    private readonly ConversationContext _context;
    private readonly IReadOnlyList<PlannedTurn> _plan;
    private readonly ActorBugs _bugs = new();
    private ConversationActor? _actor;
    private Activation? _activation;

    public VirtualConversation(Schedule schedule)
    {
        Schedule = schedule;
        _random = new Random(schedule.Seed);
        _plan = schedule.Plan();
        World = new SimulatorWorld(new SimulatorOptions
        {
            Seed = schedule.Seed,
            HandleEvery = schedule.HandleEvery,
            ConnectionCap = schedule.ConnectionCap,
            Knobs = schedule.Knobs,
            Faults = [.. schedule.Faults],
            Scripts = [.. Replies.For(_plan)],
        });
        Upstream = new VirtualUpstream(World, Time, _random, schedule);
        Journal = new VirtualJournal(Time, _random, schedule);
        Client = new VirtualClient(Time, _random, schedule) { TurnEnded = OnTurnEnded };
        Assert.True(SetupPlan.TryRead(Encoding.UTF8.GetBytes(Setup(schedule)), out _setup!, out var fault), fault.Reason);
        _context = new ConversationContext(
            new Ownership(new TenantId("t"), new ConversationId(Guid.Empty), "virtual", 1),
            _setup,
            [new UpstreamEndpoint("primary", LinkTargets.Developer(new Uri("http://localhost"), "v1beta", apiKey: null))],
            new NoStore(),
            new ConversationSettings(),
            Time,
            _bugs,
            new GrainMetrics(new Meters()),
            static (_, _) => { })
        {
            Chance = _random.NextDouble,
        };
        Journal.Durable.Add(new JournalEntry(1, Time.GetUtcNow(), new ConversationOpened("t", _setup.Model, _setup.Setup)));
        Journal.Appended.AddRange(Journal.Durable);
    }

    public Schedule Schedule { get; }

    /// <summary>Activations so far that began with a client that came back.</summary>
    public int Lives { get; private set; }

    /// <summary>Activations that another silo began while the client was there.</summary>
    public int Takeovers { get; private set; }

    public ManualTime Time { get; } = new();

    public SimulatorWorld World { get; }

    public VirtualUpstream Upstream { get; }

    public VirtualJournal Journal { get; }

    public VirtualClient Client { get; }

    /// <summary>What the user said so far.</summary>
    public List<PlannedTurn> Said { get; } = [];

    /// <summary>Called before the client dials.</summary>
    public Action<VirtualConversation> Begun { get; init; } = _ => { };

    /// <summary>Called after each turn of the plan.</summary>
    public Action<VirtualConversation> Settled { get; init; } = _ => { };

    /// <summary>Most bytes that the logs ever held.</summary>
    public (long Input, long Output) MostLogged { get; private set; }

    public (long Input, long Output) Logged => _actor!.LoggedBytes;

    private static string Setup(Schedule schedule)
    {
        var manual = schedule.Manual ? ""","realtimeInputConfig":{"automaticActivityDetection":{"disabled":true}}""" : "";
        var behavior = schedule.ToolBehavior is null ? "" : $"\"behavior\":\"{schedule.ToolBehavior}\",";
        var tools = schedule.Plan().Any(turn => turn.Calls > 0)
            ? $$$""","tools":[{"functionDeclarations":[{{{{behavior}}}"name":"look","description":"Looks something up.","parameters":{"type":"OBJECT","properties":{"asked":{"type":"STRING"} } } }]}]"""
            : "";
        return $$$"""{"setup":{"model":"models/{{{schedule.Model}}}","generationConfig":{"responseModalities":["AUDIO"]},"inputAudioTranscription":{},"outputAudioTranscription":{}{{{manual}}}{{{tools}}}}}""";
    }

    /// <summary>The client dials; a conversation that left memory is folded from its journal.</summary>
    public void Attach()
    {
        if (Client.Current is { Attachment: not null })
        {
            // Another try was faster.
            return;
        }

        if (_actor is null || _actor.Gone.IsCompleted)
        {
            Lives++;
            var rules = ConversationRulesReader.Read(_setup, _context.Endpoints, _context.Settings);
            var state = Lives == 1
                ? new ConversationState { Rules = rules, Endpoint = rules.Endpoints[0], Journal = 1 }
                : ConversationHistory.Restore(rules, Journal.Durable);
            Activate(state);
        }

        var attached = _actor!.AttachAsync(Client.Dial(Lives), ClientWants.From(_setup), Client.Current!.Who);
        Assert.True(attached.IsCompletedSuccessfully);
        Assert.True(Client.Current?.Relay?.ServeAsync().IsCompleted ?? true);
        if (attached.Result is null)
        {
            Time.After(50.Ms(), Attach);
        }
    }

    /// <summary>The silo is lost with all that it had not written; the edge finds another.</summary>
    private void LoseSilo(SiloLoss loss)
    {
        if (Client.Closed is not null || Client.Current?.Relay is not { } relay || _actor is null or { Gone.IsCompleted: true } || _activation!.IsDead)
        {
            return;
        }

        Takeovers++;
        if (loss.Kind == SiloEnd.Released)
        {
            var owner = _actor;
            Client.Current.LoseSilo();
            owner.Post(new ConversationInput.ReleaseRequested(ClientRemembers: true));
            Time.After(loss.Away, () => TakeOverFrom(owner, relay));
            return;
        }

        _activation.Die(loss.Kind);
        Client.Current.LoseSilo();
        Time.After(loss.Away, () => TakeOver(relay));
    }

    /// <summary>The owner writes what it had; then the next one goes on.</summary>
    private void TakeOverFrom(ConversationActor owner, EdgeRelay relay)
    {
        if (owner.Gone.IsCompleted)
        {
            TakeOver(relay);
        }
        else
        {
            Time.After(5.Ms(), () => TakeOverFrom(owner, relay));
        }
    }

    private void TakeOver(EdgeRelay relay)
    {
        if (relay.IsOver)
        {
            // The client has gone meanwhile, and will be back at a conversation that is folded from its journal.
            _actor = null;
            return;
        }

        var rules = ConversationRulesReader.Read(_setup, _context.Endpoints, _context.Settings);
        var memory = relay.Remember();
        Activate(ConversationHistory.Restore(rules, Journal.Durable, Witness.Of(memory)));
        var late = Client.Current!.Who;
        Assert.True(_actor!.AttachAsync(Client.Current.Next(), ClientWants.From(_setup), Client.Current.Who, memory).IsCompletedSuccessfully);
        // A try that was given up arrives after its successor, and changes nothing.
        Assert.IsType<AttachRefusedException>(_actor.AttachAsync(new NobodysEdge(), ClientWants.From(_setup), late, memory).Exception?.InnerException);
        Assert.True(relay.ServeAsync().IsCompleted);
    }

    private void Activate(ConversationState state)
    {
        _activation = new Activation(Upstream, Journal);
        _actor = new ConversationActor(_context with { Upstream = _activation, OpenJournal = _activation.OpenJournal }, state, Journal.Durable[0].At);
    }

    /// <summary>Moves the clock until something is so.</summary>
    public bool RunUntil(Func<bool> done, TimeSpan limit)
    {
        var until = Time.GetUtcNow() + limit;
        while (!done())
        {
            if (Time.GetUtcNow() >= until)
            {
                return false;
            }

            Time.Advance(10.Ms());
            Watch();
            _bugs.Check();
        }

        return true;
    }

    /// <summary>The conversation has left memory.</summary>
    public bool IsGone => _actor is { Gone.IsCompleted: true };

    public void Run(TimeSpan length) => RunUntil(() => false, length);

    /// <summary>The user speaks, with words that nobody has said before.</summary>
    public void Say(int words) => Do(new PlannedTurn { First = Said.Count == 0 ? PlannedTurn.FirstWord : Said[^1].Last + 1, Count = words });

    private void Do(PlannedTurn turn)
    {
        Said.Add(turn);
        if (turn.Manner == Manner.Spoken)
        {
            Client.Say(turn);
        }
        else
        {
            Client.Write(turn);
        }
    }

    /// <summary>True when the model has finished an answer to the last that the user, or a function, said.</summary>
    public bool IsAnswered()
    {
        if (Client.IsSpeaking || Client.Calls.Any(call => call.IsOpen))
        {
            return false;
        }

        var asked = Client.Calls.Where(call => call is { Cancelled: false, AnsweredAt: not null }).Select(call => call.AnsweredAt!.Value).Append(Client.SpokeAt).Max();
        var turn = Client.Output.FindLastIndex(heard => heard.TurnComplete);
        if (turn < 0 || Client.Output[turn].InProgress || Client.Output[turn].At <= asked)
        {
            return false;
        }

        var start = turn == 0 ? 0 : Client.Output.FindLastIndex(turn - 1, heard => heard.TurnComplete) + 1;
        var answer = Client.Output.GetRange(start, turn - start + 1);
        // The end of a turn waits for the journal: of one that was over before, it is no answer.
        return !answer.Exists(heard => heard.Interrupted) && (answer.TrueForAll(heard => heard.Audio.Length == 0) || answer.Exists(heard => heard.Audio.Length > 0 && heard.At > asked));
    }

    private bool IsSettled() => Client.Closed is not null || IsAnswered()
        || (!Client.IsSpeaking && Exclusions.InputLogDiesWithTheActivation(this))
        // The rest of a word that upstream took for two may be too short to be answered.
        || (Exclusions.UpstreamSplitsAWord(this) && Client.LeftInMidSpeech[^1] >= Said[^1].First && IsSilentSince(10_000.Ms()))
        // What interrupted was taken for the user's, and an answer is waited for that upstream does not owe.
        || (Exclusions.InterruptionsMayBeNobodys(this) && IsSilentForGood())
        || (Exclusions.SilenceMayBeRight(this) && IsSilentForGood());

    /// <summary>An answer comes within this time, whatever breaks. Each upstream that is silent after goAway takes its minute.</summary>
    private TimeSpan Patience => 120_000.Ms() + (60_000 * Schedule.Faults.Where(fault => fault.Then == GoAwayEnd.Silence).Sum(fault => fault.Times)).Ms();

    private bool IsSilentForGood() => IsSilentSince(Exclusions.SilenceHasAnEnd(this) ? 70_000.Ms() : 20_000.Ms());

    /// <summary>Nobody has said anything for so long.</summary>
    private bool IsSilentSince(TimeSpan length) =>
        !Client.IsSpeaking && Time.GetUtcNow() - Client.SpokeAt > length && Client.Current is not null && (Client.Output.Count == 0 || Time.GetUtcNow() - Client.Output[^1].At > length);

    /// <summary>Plays the schedule to its end, or until the client is closed.</summary>
    public VirtualConversation Play()
    {
        SynchronizationContext.SetSynchronizationContext(null);
        foreach (var at in Schedule.Breaks)
        {
            Time.After(at, () => Upstream.Newest?.Break());
        }

        foreach (var loss in Schedule.ClientLosses)
        {
            Time.After(loss.At, () =>
            {
                if (Client.Current is { Attachment: not null })
                {
                    Client.Vanish();
                    Time.After(loss.Away, Attach);
                }
            });
        }

        foreach (var loss in Schedule.SiloLosses)
        {
            Time.After(loss.At, () => LoseSilo(loss));
        }

        Begun(this);
        Attach();
        foreach (var turn in _plan)
        {
            Take(turn);
            Settled(this);
            if (Client.Closed is not null)
            {
                break;
            }
        }

        Settle();
        // What a closed client leaves behind is written, and the conversation leaves memory.
        if (Client.Closed is not null)
        {
            Assert.True(RunUntil(() => _actor!.Gone.IsCompleted, 60_000.Ms()), "The conversation did not leave memory.");
        }

        return this;
    }

    /// <summary>One turn of the plan, up to its answer unless the user does not wait for it.</summary>
    public void Take(PlannedTurn turn)
    {
        RunUntil(() => Client.Closed is not null, turn.Pause);
        Do(turn);
        RunUntil(() => !Client.IsSpeaking || Client.Closed is not null, 120_000.Ms() + (turn.Count * 400).Ms());
        if (turn.BargeIn is { } at)
        {
            RunUntil(() => Client.Closed is not null, at);
        }
        else if (turn.SpeaksOver is { } over)
        {
            RunUntil(() => Client.Closed is not null || Client.Output.Exists(heard => heard.Generated && heard.At > Client.SpokeAt), 60_000.Ms());
            RunUntil(() => Client.Closed is not null, over);
        }
        else
        {
            Assert.True(RunUntil(IsSettled, Patience), $"Turn {Said.Count} was never answered.\n{Story()}");
        }
    }

    /// <summary>The last answer, and everything that may still come after it.</summary>
    public void Settle()
    {
        // What stood first in a long replay is answered before the rest of it has been heard.
        RunUntil(() => Client.Closed is not null || IsGone || _actor!.UnsentBytes == 0, 120_000.Ms());
        Assert.True(RunUntil(IsSettled, Patience), $"The last turn was never answered.\n{Story()}");
        RunUntil(() => Client.Closed is not null, 6_000.Ms());
        Assert.True(RunUntil(IsSettled, Patience), $"What came after the last turn was never finished.\n{Story()}");
        // In noise no pause shows when a late result can be told: it waits until upstream has certainly heard all of a replay.
        for (var waited = 0; waited < 90 && Client.Closed is null && Exclusions.ResultsMayWait(this) && new ToolCheck(this, ModelContext.Read(this)).IsOwed; waited++)
        {
            Run(1_000.Ms());
        }

        // What is said of a late result is heard to its end.
        RunUntil(() => Client.Closed is not null || Client.Output.FindLastIndex(heard => heard.Audio.Length > 0) <= Client.Output.FindLastIndex(heard => heard.TurnComplete), Exclusions.SilenceHasAnEnd(this) ? 70_000.Ms() : 30_000.Ms());
        // That may have been the end of a connection that had fallen silent: what it cut is given anew.
        Assert.True(RunUntil(IsSettled, Patience), $"What was cut last was never finished.\n{Story()}");
        // A slow journal writes one fact after the other, and a client that is away has still to hear the end: both are
        // judged when they are through.
        RunUntil(() => Client.Closed is not null || (Client.Current is not null && Journal.Durable.Count == Journal.Appended.Count), 30_000.Ms());
        RunUntil(() => Client.Closed is not null, 1_000.Ms());
        // A connection that was just changed has still to be told.
        RunUntil(() => Client.Closed is not null || IsGone || Upstream.Newest is { IsOver: false, ReadyAt: { } ready } && Time.GetUtcNow() - ready > 3_000.Ms(), 60_000.Ms());
    }

    /// <summary>The facts and what the client heard, for whoever has to find out what went wrong.</summary>
    public string Story()
    {
        var start = Journal.Durable[0].At;
        var facts = Journal.Durable.Skip(1).Select(entry => (entry.At, Text: $"{entry.Position} {entry.Fact}"));
        var heard = Client.Output.Where(h => h.Interrupted || h.TurnComplete || h.Generated || h.Input.Length > 0)
            .Select(h => (h.At, Text: $"    client {h.Seq} {(h.Interrupted ? "interrupted" : "")} {(h.Generated ? "generationComplete" : "")} {(h.TurnComplete ? "turnComplete" : "")} {(h.InProgress ? "IN_PROGRESS" : "")} {h.Input}"));
        var calls = Client.Calls.Select(call => (call.At, Text: $"    client {call}"));
        var links = Upstream.Links.SelectMany(link => link.Story());
        var lines = facts.Concat(heard).Concat(calls).Concat(links).OrderBy(line => line.At).Select(line => $"      {(line.At - start).TotalSeconds:0.000} {(line.Text.Length > 400 ? line.Text[..400] : line.Text)}");
        var words = Client.Sent.Index().Where(frame => frame.Item.Word > 0).GroupBy(frame => frame.Item.Word).Select(word => $"w{word.Key} {word.First().Index + 1}..{word.Last().Index + 1}");
        return string.Join('\n', lines)
            + $"\n      said [{string.Join("; ", Said)}], at input positions [{string.Join("; ", words)}]\n      last context: {string.Join(" | ", ModelContext.Read(this))}";
    }

    private void Watch()
    {
        if (_actor is { Gone.IsCompleted: false })
        {
            var (input, output) = _actor.LoggedBytes;
            MostLogged = (Math.Max(MostLogged.Input, input), Math.Max(MostLogged.Output, output));
        }
    }

    /// <summary>P3, at the moment of delivery.</summary>
    private void OnTurnEnded(int life, long seq, long before) => Assert.True(
        Journal.Facts<TurnCommitted>().Any(turn => turn.OutputSeq < seq && turn.OutputSeq >= before),
        $"turnComplete {seq} was delivered at {Time.GetUtcNow():mm:ss.fff} and no fact of its turn is durable.");

    private sealed class Meters : IMeterFactory
    {
        public Meter Create(MeterOptions options) => new(options);

        public void Dispose()
        {
        }
    }
}
