using System.Runtime.CompilerServices;
using Gemini.Live.Links;
using Gemini.Live.Scanning;
using Orchestrator.Attach;
using Orchestrator.Grains.Conversations;
using Orchestrator.Grains.Recovery;
using Orchestrator.Grains.Turns;
using Xunit;
using static Orchestrator.Grains.Tests.Conversations.StepTable;

namespace Orchestrator.Grains.Tests.Conversations;

/// <summary>The tables in docs/design/turns.md are what the step does. UPDATE_GOLDEN=1 writes them anew for review.</summary>
public sealed class TurnsDocTests
{
    private const ServerParts Content = ServerParts.ServerContent;

    private static readonly StepTable Turns = new(
        state => state.Turn,
        [
            new("Idle", Answered),
            new("UserSpeaking", Speaking),
            new("AwaitingModel", Asked),
            new("ModelSpeaking", manual => Asked(manual).Spoken(400, "Here it is.")),
            new("ToolPending", manual => Asked(manual).Calls("c1")),
            new("PlaybackPending", manual => Asked(manual).Spoken(400, "Here it is.").GenerationComplete()),
            new("Interrupted", manual => Speak(Asked(manual).Spoken(400, "Here it is."), manual).Interrupted()),
        ],
        [
            new("voiced audio", s => s.Audio(20)),
            new("enough silence", s => s.Audio(1_000, voiced: false)),
            new("activityStart", s => s.Client(InputTraits.ActivityStart)) { Manual = true },
            new("activityEnd", s => s.Client(InputTraits.ActivityEnd)) { Manual = true },
            new("audioStreamEnd", s => s.Client(InputTraits.AudioStreamEnd)),
            new("typed text", s => s.Client(InputTraits.Text, text: "typed")),
            new("content, complete", s => s.Client(InputTraits.ClientContent | InputTraits.ContentComplete, text: "told")),
            new("content, to be continued", s => s.Client(InputTraits.ClientContent)),
            new("tool result", s => s.ToolResult("c1")),
            new("inputTranscription", s => s.Transcribed(" words")),
            new("outputTranscription", s => s.Server(Content | ServerParts.OutputTranscription, output: " Words.")),
            new("model audio", s => s.Spoken(40)),
            new("toolCall", s => s.Calls("c2")),
            new("toolCallCancellation", s => s.Apply(new ConversationInput.LinkMessage(s.Link, new ServerNotice(ServerParts.ToolCallCancellation) { CancelledCalls = ["c1"] }))),
            new("generationComplete", s => s.GenerationComplete()),
            new("interrupted; nobody has spoken", s => s.Interrupted()),
            new("interrupted; the user speaks", s => s.Interrupted()) { Given = s => s.Audio(200) },
            new("turnComplete", s => s.TurnComplete()),
            new("turnComplete in mid-sentence", s => s.TurnComplete()) { Given = s => s.Server(Content | ServerParts.OutputTranscription, output: " And") },
            new("turnComplete, IN_PROGRESS", s => s.TurnComplete(ServerParts.InteractionInProgress)),
            new("turnComplete, IDLE", s => s.TurnComplete(ServerParts.InteractionIdle)),
            Due("stall deadline", DeadlineKind.Stall, afterMs: 6_000),
            new("goAway, 10 s left", s => GoAway(s, 10_000)),
            new("link lost", s => s.Lost()),
        ]);

    private static readonly StepTable Links = new(
        state => state.Link,
        [
            new("Parked", manual => Answered(manual).Detach(1000)),
            new("Connecting", manual => Answered(manual).Lost()),
            new("Live", Answered),
            new("Live, client gone", manual => Answered(manual).Detach(null)),
            new("Live, seed told", Seeded),
            new("Rotating", manual => GoAway(Answered(manual), 10_000)),
            new("Recovering", manual => Answered(manual).Lost().Lost(kind: LinkLossKind.DialFailed)),
            new("Exhausted", Exhausted),
        ],
        [
            new("client attached", s => s.Attach()),
            new("client closed with 1000", s => s.Detach(1000)),
            new("client vanished", s => s.Detach(null)),
            Due("grace over", DeadlineKind.Grace, afterMs: 60_000),
            new("setupComplete", s => s.Server(ServerParts.SetupComplete)),
            new("replay is out", s => s.Flushed()),
            new("link lost: network", s => s.Lost()),
            new("link lost: 1011 internal error", s => s.Lost(1011, "Internal error encountered.")),
            new("link lost: 1007 invalid handle", s => s.Lost(1007, "Invalid session handle")),
            new("link lost: 1007 invalid key", s => s.Lost(1007, "API key not valid. Please pass a valid API key.")),
            new("dial failed", s => s.Lost(kind: LinkLossKind.DialFailed)),
            Due("setup overdue", DeadlineKind.LinkSetup, afterMs: 10_000),
            Due("retry due", DeadlineKind.LinkRetry, afterMs: 250),
            new("goAway, 10 s left", s => GoAway(s, 10_000)),
            Due("rotation due by age", DeadlineKind.Rotate, afterMs: 540_000),
            Due("close not answered", DeadlineKind.LinkClosing, afterMs: 250),
            Due("healthy", DeadlineKind.LinkHealthy, afterMs: 10_000),
            Due("answer to the seed overdue", DeadlineKind.SeedReply, afterMs: 5_000),
            new("message of an older link", s => s.Server(Content | ServerParts.ModelAudio, audioMs: 20, link: s.Link - 1)),
            new("silo without database, client long gone", s => s.Apply(new ConversationInput.Isolated(AfterMs: 0))),
            new("silo stops", s => s.Apply(new ConversationInput.StopRequested())),
            new("conversation ended", s => s.Apply(new ConversationInput.EndRequested("over", "tenant"))),
        ]);

    [Fact]
    public void Turns_NextStates_AreWhatTheStepDoes() => Compare("turns", Turns.NextStates());

    [Fact]
    public void Turns_Effects_AreWhatTheStepDoes() => Compare("turn-effects", Turns.Effects());

    [Fact]
    public void Links_NextStates_AreWhatTheStepDoes() => Compare("links", Links.NextStates());

    [Fact]
    public void Links_Effects_AreWhatTheStepDoes() => Compare("link-effects", Links.Effects());

    [Theory]
    [InlineData(typeof(TurnState))]
    [InlineData(typeof(LinkState))]
    public void Tables_HaveEveryState(Type family)
    {
        var columns = (family == typeof(TurnState) ? Turns : Links).States.Select(state => state.Name.Split(',')[0]).Distinct();
        Assert.Equal(family.GetNestedTypes().Select(state => state.Name).Order(), columns.Order());
    }

    /// <summary>One turn is settled and has its checkpoint.</summary>
    private static Scenario Answered(bool manual)
    {
        var s = Scenario.Live(manual);
        Ask(s, manual, " hello").After(200).Spoken(400, "Hi there.").GenerationComplete().After(400).TurnComplete();
        return s.Committed().Handle("h1").Committed().After(10_000);
    }

    private static Scenario Asked(bool manual) => Ask(Answered(manual), manual, " question").After(200);

    private static Scenario Ask(Scenario s, bool manual, string words)
    {
        Speak(s, manual);
        return (manual ? s.Client(InputTraits.ActivityEnd) : s.Audio(1_000, voiced: false)).Transcribed(words);
    }

    private static Scenario Speaking(bool manual) => Speak(Answered(manual), manual);

    private static Scenario Speak(Scenario s, bool manual) => (manual ? s.Client(InputTraits.ActivityStart) : s).Audio(600);

    private static Scenario GoAway(Scenario s, long leftMs) => s.Apply(new ConversationInput.LinkMessage(s.Link, new ServerNotice(ServerParts.GoAway) { TimeLeftMs = leftMs }));

    /// <summary>Its handle was refused, and the model is one that answers its history.</summary>
    private static Scenario Seeded(bool manual)
    {
        var s = Answered(manual);
        s.State = s.State with { Rules = s.State.Rules with { Model = s.State.Rules.Model with { SeedEndsWithUser = true } } };
        return s.Lost().Lost(1007, "Invalid session handle").Ready();
    }

    /// <summary>Passed through within one step on the way to Parked, unless a client that has vanished is expected back.</summary>
    private static Scenario Exhausted(bool manual)
    {
        var s = Answered(manual).Lost();
        s.State = s.State with { Link = LinkState.Exhausted.Instance, Armed = s.State.Armed.Clear() };
        return s;
    }

    private static void Compare(string name, string table)
    {
        var path = Path();
        var (begin, end) = ($"<!-- {name}: written by TurnsDocTests -->\n", $"<!-- /{name} -->");
        lock (Turns)
        {
            var text = File.ReadAllText(path);
            var from = text.IndexOf(begin, StringComparison.Ordinal) + begin.Length;
            var to = text.IndexOf(end, StringComparison.Ordinal);
            Assert.True(from >= begin.Length && to >= from, $"The marks of the table {name} are missing in {path}.");
            if (Environment.GetEnvironmentVariable("UPDATE_GOLDEN") is "1")
            {
                text = text[..from] + table + text[to..];
                File.WriteAllText(path, text);
                to = text.IndexOf(end, StringComparison.Ordinal);
            }

            Assert.Equal(table, text[from..to]);
        }
    }

    private static string Path([CallerFilePath] string here = "") =>
        System.IO.Path.GetFullPath(System.IO.Path.Combine(System.IO.Path.GetDirectoryName(here)!, "..", "..", "..", "docs", "design", "turns.md"));
}
