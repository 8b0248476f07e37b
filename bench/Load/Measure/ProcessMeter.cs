using System.Globalization;

namespace Orchestrator.Bench.Load.Measure;

/// <summary>What processes have used, as the kernel tells it.</summary>
internal static class ProcessMeter
{
    private const double TicksPerSecond = 100; // USER_HZ, which Linux shows to everybody on every machine

    /// <summary>Seconds of processor time, user and system, of all threads.</summary>
    public static double CpuSeconds(IEnumerable<int> processes) => processes.Sum(id =>
    {
        try
        {
            // The name stands in parentheses and may have spaces in it.
            var stat = File.ReadAllText($"/proc/{id}/stat");
            var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            return (long.Parse(fields[11], CultureInfo.InvariantCulture) + long.Parse(fields[12], CultureInfo.InvariantCulture)) / TicksPerSecond;
        }
        catch (IOException)
        {
            return 0; // a process of the database that has come and gone
        }
    });

    /// <summary>Kilobytes of memory that is resident now.</summary>
    public static long ResidentKb(IEnumerable<int> processes) => processes.Sum(id => Status(id, "VmRSS:"));

    /// <summary>The most that was ever resident.</summary>
    public static long PeakKb(IEnumerable<int> processes) => processes.Sum(id => Status(id, "VmHWM:"));

    /// <summary>A process and its children.</summary>
    public static IReadOnlyList<int> Family(int parent) =>
    [
        parent,
        .. Directory.GetDirectories("/proc")
            .Select(Path.GetFileName)
            .Where(name => int.TryParse(name, CultureInfo.InvariantCulture, out _))
            .Select(name => int.Parse(name!, CultureInfo.InvariantCulture))
            .Where(id => ParentOf(id) == parent),
    ];

    private static long Status(int id, string name)
    {
        try
        {
            var line = File.ReadLines($"/proc/{id}/status").FirstOrDefault(l => l.StartsWith(name, StringComparison.Ordinal));
            return line is null ? 0 : long.Parse(line[name.Length..^2], NumberStyles.Integer | NumberStyles.AllowLeadingWhite | NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture);
        }
        catch (IOException)
        {
            return 0;
        }
    }

    private static int ParentOf(int id)
    {
        try
        {
            var stat = File.ReadAllText($"/proc/{id}/stat");
            return int.Parse(stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[1], CultureInfo.InvariantCulture);
        }
        catch (IOException)
        {
            return 0;
        }
    }
}
