using System.Globalization;
using Orchestrator.Testing;

namespace Orchestrator.Bench.Cluster.Figures;

/// <summary>Processor time and memory of the cluster's processes so far, as the kernel counts them (what <c>ps</c> shows), and their descriptors.</summary>
internal sealed record ProcessCost(IReadOnlyDictionary<string, (double Seconds, double Megabytes, int Files)> Roles)
{
    private const double TicksPerSecond = 100;

    public static ProcessCost Of(ClusterWorld world) => new(new Dictionary<string, (double, double, int)>(StringComparer.Ordinal)
    {
        ["silos"] = Sum(world.Silos.Select(silo => silo.Child.Id)),
        ["front-ends"] = Sum(world.FrontEnds.Select(frontEnd => frontEnd.Child.Id)),
        ["PostgreSQL"] = Sum(Family(world.Postgres.ProcessId)),
        ["simulator"] = Sum([world.Simulator.Child.Id]),
        ["clients"] = Sum([Environment.ProcessId]),
    });

    public static void Print(ProcessCost idle, ProcessCost busy, TimeSpan lasted, int conversations)
    {
        Console.WriteLine();
        Console.WriteLine("| process | cores | cores per 1,000 conversations | MB | KB per conversation above idle | open files |");
        Console.WriteLine("|---|---|---|---|---|---|");
        foreach (var (role, now) in busy.Roles)
        {
            var before = idle.Roles[role];
            var cores = (now.Seconds - before.Seconds) / lasted.TotalSeconds;
            Console.WriteLine($"| {role} | {cores:0.00} | {cores * 1_000 / conversations:0.00} | {now.Megabytes:0} | {(now.Megabytes - before.Megabytes) * 1024 / conversations:0} | {now.Files} |");
        }
    }

    private static (double, double, int) Sum(IEnumerable<int> processes) => processes.Aggregate((0.0, 0.0, 0), (sum, id) => (sum.Item1 + Seconds(id), sum.Item2 + Megabytes(id), sum.Item3 + Directory.GetFileSystemEntries($"/proc/{id}/fd").Length));

    /// <summary>The server and those of its children that run now; what had ended is in the server's own account.</summary>
    private static IEnumerable<int> Family(int parent) => Directory.GetDirectories("/proc")
        .Select(path => int.TryParse(Path.GetFileName(path), out var id) ? id : 0)
        .Where(id => id > 0 && (id == parent || Stat(id) is [_, var of, ..] && of == $"{parent}"));

    private static double Seconds(int id) => Stat(id) is { Length: > 14 } stat ? stat[11..13].Sum(ticks => double.Parse(ticks, CultureInfo.InvariantCulture)) / TicksPerSecond : 0;

    private static double Megabytes(int id) => File.ReadLines($"/proc/{id}/status").Where(line => line.StartsWith("RssAnon:", StringComparison.Ordinal))
        .Select(line => double.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) / 1024).FirstOrDefault();

    /// <summary>The fields after the name, the state first.</summary>
    private static string[] Stat(int id)
    {
        try
        {
            var text = File.ReadAllText($"/proc/{id}/stat");
            return text[(text.LastIndexOf(')') + 2)..].Split(' ');
        }
        catch (IOException)
        {
            // It has ended since it was listed.
            return [];
        }
    }
}
