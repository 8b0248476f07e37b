using System.Globalization;
using System.Runtime.InteropServices;
using Orchestrator.Bench.Cluster;

// dotnet run --project bench/Cluster -c Release -- steady|kill|freeze|drain|database|rolling|cut [conversations] [rounds] [seed]
CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
if (BenchPlan.Read(args) is not { } plan)
{
    await Console.Error.WriteLineAsync("steady, kill, freeze, drain, database, rolling or cut; then conversations, rounds and seed.");
    return 2;
}

Console.WriteLine($"{plan.Mode}: {plan.Conversations} conversations on 3 silos and 2 front-ends, {plan.Rounds} rounds, seed {plan.Seed}; {Environment.ProcessorCount} cores, {RuntimeInformation.FrameworkDescription}, {DateTime.UtcNow:yyyy-MM-dd}.");
return await new BenchRun(plan).RunAsync() ? 0 : 1;
