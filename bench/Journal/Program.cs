using System.Globalization;
using System.Runtime.InteropServices;
using Orchestrator.Bench.Journal;
using Orchestrator.Testing;

// dotnet run --project bench/Journal -c Release -- [silos] [seconds]
CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
var silos = int.Parse(args.ElementAtOrDefault(0) ?? "3", CultureInfo.InvariantCulture);
var seconds = int.Parse(args.ElementAtOrDefault(1) ?? "5", CultureInfo.InvariantCulture);
Console.WriteLine($"Appends of {silos} silos, {seconds} s each row; {Environment.ProcessorCount} cores, {RuntimeInformation.FrameworkDescription}, {DateTime.UtcNow:yyyy-MM-dd}.");
Console.WriteLine();
Console.WriteLine("| conversations that append without a pause | appends/s | commits/s | appends in a commit | bytes of WAL per append | ms until durable p50 / p95 / p99 |");
Console.WriteLine("|---|---|---|---|---|---|");

await using var server = await PostgresServer.StartNewAsync();
foreach (var conversations in (int[])[1, 10, 100, 1_000, 5_000])
{
    await using var load = await AppendLoad.OpenAsync(server, await server.CreateDatabaseAsync(), silos, conversations);
    Console.WriteLine(await load.RunAsync(TimeSpan.FromSeconds(seconds)));
}
