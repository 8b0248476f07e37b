using System.Diagnostics;

namespace Orchestrator.Testing;

/// <summary>
/// What a test run leaves when it is killed itself: a shell that outlives it ends the processes that carry the run's mark in their
/// environment, their children included, and removes the directories that begin with its prefix.
/// </summary>
public sealed class Leftovers : IDisposable
{
    /// <summary>The environment variable with the mark.</summary>
    public const string Variable = "ORCHESTRATOR_TEST_RUN";

    // The watch's input ends when the run does, in whatever way. What is typed at the terminal is meant for the run, not for its watch.
    private const string Watch = """
        trap '' INT HUP TERM
        cat > /dev/null
        for environment in $(grep -lz "^ORCHESTRATOR_TEST_RUN=$1\$" /proc/[0-9]*/environ 2> /dev/null); do
          process=${environment#/proc/}
          kill -9 "${process%/environ}" 2> /dev/null
        done
        rm -rf "$2"*
        """;

    private readonly Process _watch;

    public Leftovers()
    {
        Mark = Guid.NewGuid().ToString("N");
        Prefix = $"orchestrator-{Mark}-";
        var start = new ProcessStartInfo("sh", ["-c", Watch, "sh", Mark, Path.Combine(Path.GetTempPath(), Prefix)])
        {
            RedirectStandardInput = true,
            UseShellExecute = false,
        };
        start.Environment.Remove(Variable);
        _watch = Process.Start(start)!;
    }

    /// <summary>Those of this process.</summary>
    public static Leftovers OfThisRun { get; } = new();

    /// <summary>The value of <see cref="Variable"/> in the processes of this run.</summary>
    public string Mark { get; }

    /// <summary>How the names of this run's directories in the temporary directory begin.</summary>
    public string Prefix { get; }

    /// <summary>Lets the watch see what it sees when the run dies, and waits until it is done.</summary>
    public void Dispose()
    {
        _watch.StandardInput.Close();
        _watch.WaitForExit();
        _watch.Dispose();
    }
}
