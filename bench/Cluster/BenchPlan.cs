using System.Globalization;
using Orchestrator.Bench.Cluster.Disturbances;

namespace Orchestrator.Bench.Cluster;

/// <summary>What is to be done, from the command line.</summary>
internal sealed record BenchPlan(string Mode, IDisturbance Disturbance, int Conversations, int Rounds, int Seed)
{
    private static readonly Dictionary<string, IDisturbance> Modes = new(StringComparer.Ordinal)
    {
        ["steady"] = new Nothing(),
        ["kill"] = new KillSilo(),
        ["freeze"] = new FreezeSilo(),
        ["drain"] = new DrainSilo(),
        ["database"] = new EndDatabase(),
        ["rolling"] = new RollEverything(),
        ["cut"] = new CutNetwork(),
    };

    /// <returns>Null when there is no such mode.</returns>
    public static BenchPlan? Read(string[] arguments)
    {
        var mode = arguments.ElementAtOrDefault(0) ?? "kill";
        return Modes.TryGetValue(mode, out var disturbance)
            ? new BenchPlan(mode, disturbance, Number(arguments.ElementAtOrDefault(1), 100), Number(arguments.ElementAtOrDefault(2), 6), Number(arguments.ElementAtOrDefault(3), 1))
            : null;
    }

    private static int Number(string? text, int otherwise) => int.Parse(text ?? $"{otherwise}", CultureInfo.InvariantCulture);
}
