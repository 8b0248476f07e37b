using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using Orchestrator.Bench.Cluster;
using Orchestrator.Testing;

// dotnet run --project bench/Cluster -c Release -- [kill|freeze|drain] [conversations] [rounds] [seed]
CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
var how = args.ElementAtOrDefault(0) ?? "kill";
var conversations = int.Parse(args.ElementAtOrDefault(1) ?? "100", CultureInfo.InvariantCulture);
var rounds = int.Parse(args.ElementAtOrDefault(2) ?? "6", CultureInfo.InvariantCulture);
var seed = int.Parse(args.ElementAtOrDefault(3) ?? "1", CultureInfo.InvariantCulture);
var random = new Random(seed);
Console.WriteLine($"{how}: {conversations} conversations on 3 silos and 2 front-ends, {rounds} rounds, seed {seed}; {Environment.ProcessorCount} cores, {RuntimeInformation.FrameworkDescription}, {DateTime.UtcNow:yyyy-MM-dd}.");

await using var world = await ClusterWorld.StartAsync(
    silos: 3,
    frontEnds: 2,
    ("Scripts:0:Reply:Text", "One answer, heard to its end."),
    ("Scripts:0:Reply:Seconds", "0.8"),
    ("Scripts:0:Reply:DelayMs", "300"));
var speech = new byte[32 * 800];
for (var i = 0; i < speech.Length; i += 2)
{
    // A tone that any activity detection hears, and no two samples of a period alike.
    BitConverter.TryWriteBytes(speech.AsSpan(i), (short)(9_000 * Math.Sin(i * 0.05)));
}

using var stop = new CancellationTokenSource();
List<Caller> callers = [.. Enumerable.Range(0, conversations).Select(i => new Caller(world.FrontEnds[i % 2].Url, speech, seed + i))];
List<Task> talks = [];
foreach (var caller in callers)
{
    talks.Add(Task.Run(() => caller.TalkAsync(stop.Token)));
    await Task.Delay(20);
}

await Task.Delay(TimeSpan.FromSeconds(3));
List<double> drains = [];
for (var round = 0; round < rounds; round++)
{
    var silo = world.Silos[round % world.Silos.Count];
    await Task.Delay(random.Next(500, 2_000));
    switch (how)
    {
        case "freeze":
            silo.Child.Send(Signal.Stop);
            await Task.Delay(random.Next(5_000, 8_000));
            silo.Child.Send(Signal.Continue);
            break;
        case "drain":
            var begun = Stopwatch.GetTimestamp();
            silo.Child.Send(Signal.Terminate);
            await silo.Child.ExitAsync(TimeSpan.FromMinutes(2));
            drains.Add(Stopwatch.GetElapsedTime(begun).TotalSeconds);
            await silo.RestartAsync();
            break;
        default:
            await silo.Child.KillAsync();
            await silo.RestartAsync();
            break;
    }

    await Task.Delay(TimeSpan.FromSeconds(4));
    Console.WriteLine($"  round {round + 1}: {callers.Count(c => c.Failure is null)} alive, {callers.Sum(c => c.Completed)} turns, {callers.Sum(c => c.Cut)} replies begun again");
}

await stop.CancelAsync();
await Task.WhenAll(talks);
List<double> gaps = [];
var (lost, cut) = (0, 0);
foreach (var caller in callers.Where(c => c.ConversationId.Length > 0))
{
    var facts = await world.FrontEnds[0].Api().GetAsync($"/v1/conversations/{caller.ConversationId}/events");
    foreach (var entry in facts.GetProperty("events").EnumerateArray().Select(e => e.GetProperty("fact")))
    {
        if (Is(entry, "linkRecovered") && entry.GetProperty("kind").GetString() == "takeover")
        {
            gaps.Add(entry.GetProperty("gapMs").GetInt64());
        }
    }

    var turns = await world.FrontEnds[0].Api().TurnsAsync(caller.ConversationId);
    var kept = turns.Count(t => string.Equals(t.GetProperty("ending").GetString(), "completed", StringComparison.OrdinalIgnoreCase));
    lost += Math.Max(0, caller.Completed - kept);
    cut += caller.Cut;
}

gaps.Sort();
Console.WriteLine();
Console.WriteLine("| conversations | closed | turns seen complete | of these lost | replies begun again | takeovers | until upstream has all input again, ms p50 / p95 / max |");
Console.WriteLine("|---|---|---|---|---|---|---|");
Console.WriteLine($"| {conversations} | {callers.Count(c => c.Failure is not null)} | {callers.Sum(c => c.Completed)} | {lost} | {cut} | {gaps.Count} | {At(0.5):0} / {At(0.95):0} / {At(1):0} |");
if (drains.Count > 0)
{
    Console.WriteLine($"A silo was empty after {drains.Average():0.0} s on average, {drains.Max():0.0} s at most; a turn takes about 2 s.");
}

foreach (var failure in callers.Select(c => c.Failure).OfType<string>().Take(10))
{
    Console.WriteLine($"  {failure}");
}

return callers.Exists(c => c.Failure is not null) || lost > 0 ? 1 : 0;

double At(double share) => gaps.Count == 0 ? 0 : gaps[Math.Min(gaps.Count - 1, (int)(gaps.Count * share))];

static bool Is(JsonElement fact, string type) => fact.GetProperty("type").GetString() == type;
