using Xunit;
using System.Diagnostics.Metrics;
using System.Text;
using Gemini.Live.Links;
using Gemini.Live.Setup;
using Gemini.Live.Simulator;
using Gemini.Live.Simulator.Model;
using Gemini.Live.Simulator.Sessions;
using Gemini.Live.Simulator.Speech;
using Microsoft.Extensions.Logging.Abstractions;
using Orchestrator.Grains.Actor;
using Orchestrator.Grains.Conversations;
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
    private ConversationActor? _actor;

    public VirtualConversation(Schedule schedule)
    {
        Schedule = schedule;
        _random = new Random(schedule.Seed);
        World = new SimulatorWorld(new SimulatorOptions
        {
            Seed = schedule.Seed,
            HandleEvery = schedule.HandleEvery,
            ConnectionCap = schedule.ConnectionCap,
            Knobs = schedule.Knobs,
            Faults = [.. schedule.Faults],
            Scripts = [.. Enumerable.Range(1, 60).Select(turn => new ScriptRule { Turn = turn, Times = 0, Reply = new ScriptedReply { Text = ReplyOf(turn) } })],
        });
        Upstream = new VirtualUpstream(World, Time, _random, schedule);
        Journal = new VirtualJournal(Time, _random, schedule);
        Client = new VirtualClient(Time, _random, schedule) { TurnEnded = OnTurnEnded };
        var manual = schedule.Manual ? ""","realtimeInputConfig":{"automaticActivityDetection":{"disabled":true}}""" : "";
        var setup = $$$"""{"setup":{"model":"models/{{{schedule.Model}}}","generationConfig":{"responseModalities":["AUDIO"]},"inputAudioTranscription":{},"outputAudioTranscription":{}{{{manual}}}}}""";
        Assert.True(SetupPlan.TryRead(Encoding.UTF8.GetBytes(setup), out _setup!, out var fault), fault.Reason);
        _context = new ConversationContext(
            new Ownership(new TenantId("t"), new ConversationId(Guid.Empty), "virtual", 1),
            _setup,
            new UpstreamEndpoint("primary", LinkTargets.Developer(new Uri("http://localhost"), "v1beta", apiKey: null)),
            new NoStore(),
            new ConversationSettings(),
            Time,
            NullLogger.Instance,
            new GrainMetrics(new Meters()),
            static (_, _) => { })
        {
            OpenUpstream = Upstream.Open,
            OpenJournal = Journal.Open,
        };
        Journal.Durable.Add(new JournalEntry(1, Time.GetUtcNow(), new ConversationOpened("t", _setup.Model, _setup.Setup)));
        Journal.Appended.AddRange(Journal.Durable);
    }

    public Schedule Schedule { get; }

    /// <summary>Activations so far.</summary>
    public int Lives { get; private set; }

    public ManualTime Time { get; } = new();

    public SimulatorWorld World { get; }

    public VirtualUpstream Upstream { get; }

    public VirtualJournal Journal { get; }

    public VirtualClient Client { get; }

    /// <summary>Words said so far, by turn of the user.</summary>
    public List<(int First, int Count)> Said { get; } = [];

    /// <summary>Most bytes that the logs ever held.</summary>
    public (long Input, long Output) MostLogged { get; private set; }

    public (long Input, long Output) Logged => _actor!.LoggedBytes;

    public static string ReplyOf(int turn) => string.Join(' ', Enumerable.Range(0, 3 + (turn * 7 % 5)).Select(word => $"a{turn}x{word}"));

    /// <summary>The client dials; a conversation that left memory is folded from its journal.</summary>
    public void Attach()
    {
        if (_actor is null || _actor.Gone.IsCompleted)
        {
            Lives++;
            var rules = ConversationRulesReader.Read(_setup, "primary", _context.Settings);
            var state = Lives == 1
                ? new ConversationState { Rules = rules, Journal = 1 }
                : ConversationHistory.Restore(rules, Journal.Durable);
            _actor = new ConversationActor(_context, state, Journal.Durable[0].At);
        }

        var attached = _actor.AttachAsync(Client.Dial(Lives), ClientWants.From(_setup));
        Assert.True(attached.IsCompletedSuccessfully);
        if (attached.Result is null)
        {
            Time.After(50.Ms(), Attach);
        }
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
        }

        return true;
    }

    public void Run(TimeSpan length) => RunUntil(() => false, length);

    public void Say(int words)
    {
        var first = Said.Count == 0 ? 1 : Said[^1].First + Said[^1].Count;
        Said.Add((first, words));
        Client.Say(TestSpeech.Words(first, words));
    }

    /// <summary>True when the model has finished an answer since the user last spoke.</summary>
    public bool IsAnswered()
    {
        var turn = Client.Output.FindLastIndex(heard => heard.TurnComplete);
        if (turn < 0 || Client.IsSpeaking || Client.Output[turn].At <= Client.SpokeAt)
        {
            return false;
        }

        var start = Client.Output.FindLastIndex(turn - 1 < 0 ? 0 : turn - 1, heard => heard.TurnComplete) + 1;
        return !Client.Output.Skip(start).Take(turn - start + 1).Any(heard => heard.Interrupted);
    }

    private bool IsSettled() => Client.Closed is not null || IsAnswered() || (!Client.IsSpeaking && Exclusions.InputLogDiesWithTheActivation(this));

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
                if (Client.Current is not null)
                {
                    Client.Vanish();
                    Time.After(loss.Away, Attach);
                }
            });
        }

        Attach();
        for (var turn = 1; turn <= Schedule.Turns && Client.Closed is null; turn++)
        {
            RunUntil(() => Client.Closed is not null, _random.Next(0, 900).Ms());
            Say(_random.Next(1, Schedule.MaxWords + 1));
            RunUntil(() => !Client.IsSpeaking || Client.Closed is not null, 120_000.Ms());
            if (Schedule.BargeInEvery > 0 && _random.Next(Schedule.BargeInEvery) == 0)
            {
                RunUntil(() => Client.Closed is not null, _random.Next(900, 2_500).Ms());
                continue;
            }

            Assert.True(RunUntil(IsSettled, 120_000.Ms()), $"Turn {turn} was never answered.\n{Story()}");
        }

        Assert.True(RunUntil(IsSettled, 120_000.Ms()), $"The last turn was never answered.\n{Story()}");
        RunUntil(() => Client.Closed is not null, 6_000.Ms());
        // A slow journal writes one fact after the other, and a client that is away has still to hear the end: both are
        // judged when they are through.
        RunUntil(() => Client.Closed is not null || (Client.Current is not null && Journal.Durable.Count == Journal.Appended.Count), 30_000.Ms());
        RunUntil(() => Client.Closed is not null, 1_000.Ms());
        // What a closed client leaves behind is written, and the conversation leaves memory.
        if (Client.Closed is not null)
        {
            Assert.True(RunUntil(() => _actor!.Gone.IsCompleted, 60_000.Ms()), "The conversation did not leave memory.");
        }

        return this;
    }

    /// <summary>The facts and what the client heard, for whoever has to find out what went wrong.</summary>
    public string Story()
    {
        var start = Journal.Durable[0].At;
        var facts = Journal.Durable.Skip(1).Select(entry => (entry.At, Text: $"{entry.Position} {entry.Fact}"));
        var heard = Client.Output.Where(h => h.Interrupted || h.TurnComplete || h.Input.Length > 0)
            .Select(h => (h.At, Text: $"    client {h.Seq} {(h.Interrupted ? "interrupted" : "")} {(h.TurnComplete ? "turnComplete" : "")} {h.Input}"));
        return string.Join('\n', facts.Concat(heard).OrderBy(line => line.At).Select(line => $"      {(line.At - start).TotalSeconds:0.000} {line.Text}"))
            + $"\n      said [{string.Join(' ', Said)}]";
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

    /// <summary>Everything goes through the journal; only giving ownership up comes here.</summary>
    private sealed class NoStore : IConversationStore
    {
        public Task<Ownership> ClaimAsync(TenantId tenant, ConversationId conversation, string owner, bool mustExist, CancellationToken cancellation) => throw new NotSupportedException();

        public Task<LoadedJournal> LoadAsync(TenantId tenant, ConversationId conversation, CancellationToken cancellation) => throw new NotSupportedException();

        public Task AppendAsync(Ownership ownership, IReadOnlyList<JournalEntry> entries, Durability durability, CancellationToken cancellation) => throw new NotSupportedException();

        public Task ReleaseAsync(Ownership ownership, CancellationToken cancellation) => Task.CompletedTask;

        public Task<IReadOnlyList<ConversationId>> ListAsync(TenantId tenant, ConversationId? before, int limit, CancellationToken cancellation) => throw new NotSupportedException();
    }
}
