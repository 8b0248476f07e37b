using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;

namespace Orchestrator.Testing;

/// <summary>Signals by their POSIX numbers on Linux.</summary>
public enum Signal
{
    Interrupt = 2,
    Quit = 3,
    Kill = 9,
    Terminate = 15,
    Continue = 18,
    Stop = 19,
}

/// <summary>A real process under test: its output line by line, signals, and a log file that stays. It does not outlive the run.</summary>
public sealed partial class ChildProcess : IAsyncDisposable
{
    private static int counter;

    private readonly Process process;
    private readonly StreamWriter log;
    private readonly List<string> lines = [];
    private readonly List<(Func<string, bool> Wanted, TaskCompletionSource<string> Found)> waiters = [];
    private readonly TaskCompletionSource outputEnded = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock gate = new();
    private int openStreams = 2;

    private ChildProcess(string name, ProcessStartInfo start)
    {
        Name = name;
        LogPath = Path.Combine(Repository.Logs, $"{Environment.ProcessId}-{Interlocked.Increment(ref counter):000}-{name}.log");
        log = new StreamWriter(LogPath, append: false) { AutoFlush = true };
        process = new Process { StartInfo = start, EnableRaisingEvents = true };
        process.OutputDataReceived += (_, e) => Take("", e.Data);
        process.ErrorDataReceived += (_, e) => Take("! ", e.Data);
    }

    public string Name { get; }

    public string LogPath { get; }

    public int Id => process.Id;

    /// <summary>Starts a program with its standard input closed.</summary>
    public static ChildProcess Start(string name, string program, IEnumerable<string> arguments, IReadOnlyDictionary<string, string>? environment = null, string? directory = null)
    {
        var start = new ProcessStartInfo(program)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
            UseShellExecute = false,
            WorkingDirectory = directory ?? Path.GetTempPath(),
        };
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }
        // A developer's own settings must not leak into a test.
        foreach (var key in start.Environment.Keys.Where(k => k.StartsWith("Orchestrator__", StringComparison.OrdinalIgnoreCase) || k is "GEMINI_API_KEY" or "ORCHESTRATOR_KEY").ToList())
        {
            start.Environment.Remove(key);
        }
        foreach (var (key, value) in environment ?? new Dictionary<string, string>())
        {
            start.Environment[key] = value;
        }
        start.Environment[Leftovers.Variable] = Leftovers.OfThisRun.Mark;
        var child = new ChildProcess(name, start);
        child.log.WriteLine($"$ {program} {string.Join(' ', start.ArgumentList)}");
        child.process.Start();
        child.process.StandardInput.Close();
        child.process.BeginOutputReadLine();
        child.process.BeginErrorReadLine();
        return child;
    }

    /// <summary>Starts a built .NET program.</summary>
    public static ChildProcess StartDotnet(string name, string assembly, IEnumerable<string> arguments, IReadOnlyDictionary<string, string>? environment = null) =>
        Start(name, Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet", [assembly, .. arguments], environment);

    /// <summary>Everything that was written so far, standard error marked with an exclamation mark.</summary>
    public string Output
    {
        get
        {
            lock (gate)
            {
                return string.Join(Environment.NewLine, lines);
            }
        }
    }

    /// <summary>Waits for the exit; the output is complete then.</summary>
    public async Task<int> ExitAsync(TimeSpan? limit = null)
    {
        await Patience.For(Task.WhenAll(process.WaitForExitAsync(), outputEnded.Task), $"the exit of {Name} (pid {Id})", limit, Tail);
        return process.ExitCode;
    }

    public bool HasExited => process.HasExited;

    /// <summary>The first line, past or future, that satisfies the condition; fails at once when the process ends without it.</summary>
    public async Task<string> LineAsync(Func<string, bool> wanted, string what, TimeSpan? limit = null)
    {
        TaskCompletionSource<string> found = new(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (gate)
        {
            if (lines.FirstOrDefault(wanted) is { } line)
            {
                return line;
            }
            if (outputEnded.Task.IsCompleted)
            {
                throw new InvalidOperationException($"{Name} ended without {what}.{Environment.NewLine}{Tail()}");
            }
            waiters.Add((wanted, found));
        }
        return await Patience.For(found.Task, $"{what} of {Name} (pid {Id})", limit, Tail);
    }

    public void Send(Signal signal)
    {
        if (!process.HasExited && Kill(process.Id, (int)signal) != 0)
        {
            throw new InvalidOperationException($"kill({process.Id}, {signal}) failed with error {Marshal.GetLastPInvokeError()}.");
        }
    }

    /// <summary>SIGKILL, and the wait until the system has taken the process away (its sockets and locks with it).</summary>
    public async Task KillAsync()
    {
        Send(Signal.Kill);
        await Patience.For(process.WaitForExitAsync(), $"the death of {Name} (pid {Id})");
    }

    public async ValueTask DisposeAsync()
    {
        if (!process.HasExited)
        {
            await KillAsync();
        }
        process.Dispose();
        lock (gate)
        {
            log.Dispose();
        }
    }

    private void Take(string mark, string? line)
    {
        lock (gate)
        {
            if (line is null)
            {
                if (--openStreams == 0)
                {
                    outputEnded.TrySetResult();
                    foreach (var (_, found) in waiters)
                    {
                        found.TrySetException(new InvalidOperationException($"{Name} ended.{Environment.NewLine}{Tail()}"));
                    }
                }
                return;
            }
            lines.Add(mark + line);
            if (log.BaseStream.CanWrite)
            {
                log.WriteLine(mark + line);
            }
            foreach (var waiter in waiters.Where(w => w.Wanted(mark + line)).ToList())
            {
                waiters.Remove(waiter);
                waiter.Found.TrySetResult(mark + line);
            }
        }
    }

    private string Tail()
    {
        lock (gate)
        {
            var tail = new StringBuilder($"Last lines of {Name} (all in {LogPath}):");
            foreach (var line in lines.TakeLast(30))
            {
                tail.AppendLine().Append("  ").Append(line);
            }
            return tail.ToString();
        }
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int Kill(int pid, int signal);
}
