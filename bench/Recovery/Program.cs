using System.Globalization;
using System.Runtime.InteropServices;
using Orchestrator.Bench.Recovery;

const int SetupMs = 150;
const int ThinkMs = 300;
const int SilenceMs = 500;
const int Pace = 4;
const int BurstMs = 200;
const int Turns = 5;
const int GoAwayMs = 4_000;
var failures = 0;
var conversations = args.Length > 0 ? int.Parse(args[0], CultureInfo.InvariantCulture) : 32;

CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
await using var stage = await Stage.SetAsync(SetupMs, ThinkMs, replySeconds: 0.7);
Console.WriteLine($"{conversations} conversations of {Turns} turns per row, half with marked turns, half with an open microphone; {Cpu()}, {Environment.ProcessorCount} cores, {RuntimeInformation.FrameworkDescription}, {DateTime.UtcNow:yyyy-MM-dd}.");

// The first connections and turns compile the code; they are no figures.
await stage.PlayAsync(8, 2, direct: false, Losses(("awaiting", 100)));

var direct = await stage.PlayAsync(conversations, 3, direct: true);
var through = await stage.PlayAsync(conversations, 3, direct: false);
var setup = Percentile(direct.Select(s => s.Talker.SetupMs), 0.5);
var marked = Percentile(Latencies(direct, manual: true), 0.5);
var open = Percentile(Latencies(direct, manual: false), 0.5);
double Usual(Story story) => story.Talker.Manual ? marked : open;
Console.WriteLine($"Upstream's own, straight to it: setup {setup:0} ms, answer after {marked:0} ms (marked turns), {open:0} ms (open microphone).");
Console.WriteLine();
Console.WriteLine("| | conversations | faults | survived | turns cut | seeded | user audio lost, ms | repeated, ms | silence beyond upstream's own, ms p50 / p95 / max |");
Console.WriteLine("|---|---|---|---|---|---|---|---|---|");
Row("straight to upstream, no fault", direct, _ => 0, Added(direct));
Row("no fault", through, s => s.Losses, Added(through));

string[] phases = ["idle", "userSpeech", "awaiting", "modelSpeech"];
var rotated = await stage.PlayAsync(conversations, Turns, direct: false,
[
    .. Enumerable.Range(2, Turns - 1).Select(k => (object)new
    {
        action = "goAway",
        turn = k,
        sessionConnection = k - 1,
        phase = phases[k % phases.Length],
        afterMs = 100,
        ms = GoAwayMs,
        times = 0,
    }),
]);
Row($"goAway, {GoAwayMs / 1000} s left, in every phase", rotated, s => s.Rotations, Added(rotated));

foreach (var (what, moments) in ((string, (string Phase, int AfterMs)[])[])
[
    ("before or while the user speaks", [("idle", 200), ("userSpeech", 400)]),
    ("while the user waits", [("awaiting", 100)]),
    ("while the model speaks", [("modelSpeech", 250)]),
])
{
    var lost = await stage.PlayAsync(conversations, Turns, direct: false, Losses(moments));
    Row($"1011 or reset, {what}", lost, s => s.Losses, lost.SelectMany(s => s.Talker.Turns.Skip(1).Select((turn, i) => DeadAir(s, turn, i + 2, moments[0]))));
}

return failures == 0 ? 0 : 1;

// In every turn but the first, on the connection that the turn began on; 1011 and reset in turn.
object[] Losses(params (string Phase, int AfterMs)[] moments) =>
[
    .. Enumerable.Range(2, Turns - 1).Select(k => (object)new
    {
        action = k / moments.Length % 2 == 0 ? "close" : "abort",
        turn = k,
        sessionConnection = k - 1,
        phase = moments[k % moments.Length].Phase,
        afterMs = moments[k % moments.Length].AfterMs,
        times = 0,
    }),
];

// What the listener waits for beyond what upstream itself takes: its setup, the replay at the pace that it bears, and its answer.
double DeadAir(Story story, TalkTurn turn, int link, (string Phase, int AfterMs) moment)
{
    var replay = story.Talker.Manual ? 0 : Math.Max(0, story.NeededMs(link, turn, SilenceMs) - BurstMs) / Pace;
    return moment.Phase switch
    {
        "awaiting" => turn.Latency - (Usual(story) + moment.AfterMs + setup + replay),
        "modelSpeech" => turn.AgainAt - turn.CutAt - (setup + replay + marked),
        _ => turn.Latency - Usual(story),
    };
}

IEnumerable<double> Added(IEnumerable<Story> stories) => stories.SelectMany(s => s.Talker.Turns.Skip(1).Select(t => t.Latency - Usual(s)));

static IEnumerable<double> Latencies(IEnumerable<Story> stories, bool manual) =>
    stories.Where(s => s.Talker.Manual == manual).SelectMany(s => s.Talker.Turns.Select(t => t.Latency));

void Row(string what, IReadOnlyList<Story> stories, Func<Story, int> faults, IEnumerable<double> silence)
{
    const int WordMs = 300;
    foreach (var failed in stories.Where(s => !s.Survived))
    {
        failures++;
        Console.Error.WriteLine($"{failed.Talker.ConversationId}: {failed.Talker.Failure}");
    }

    var struck = stories.Sum(faults);
    var measured = silence.Where(double.IsFinite).ToList();
    Console.WriteLine(
        $"| {what} | {stories.Count} | {struck} | {stories.Count(s => s.Survived)} of {stories.Count} | {stories.Sum(s => s.CutTurns)} | {stories.Sum(s => s.Seeded)} "
        + $"| {stories.Sum(s => s.WordsLost) * WordMs} | {stories.Sum(s => s.WordsRepeated) * WordMs} "
        + $"| {Percentile(measured, 0.5):0} / {Percentile(measured, 0.95):0} / {Percentile(measured, 1):0} ({measured.Count}) |");
}

static double Percentile(IEnumerable<double> values, double part)
{
    var sorted = values.Where(double.IsFinite).Order().ToList();
    return sorted.Count == 0 ? double.NaN : sorted[Math.Max(0, (int)Math.Ceiling(part * sorted.Count) - 1)];
}

static string Cpu() => File.Exists("/proc/cpuinfo")
    ? File.ReadLines("/proc/cpuinfo").FirstOrDefault(l => l.StartsWith("model name", StringComparison.Ordinal))?.Split(':')[1].Trim() ?? RuntimeInformation.ProcessArchitecture.ToString()
    : RuntimeInformation.ProcessArchitecture.ToString();
