using System.Diagnostics;

namespace Orchestrator.Testing;

/// <summary>
/// A PostgreSQL server of our own: a fresh cluster in a temporary directory, on a free loopback port, with passwords and fsync on.
/// It is gone after the test run, however that ends.
/// </summary>
public sealed class PostgresServer : IAsyncDisposable
{
    /// <summary>The superuser of the cluster.</summary>
    public const string User = "orchestrator";

    /// <summary>Its password, which must turn up in no log and no message.</summary>
    public const string Password = "pw-5f1c-secret";

    private const string SystemUser = "postgres";
    private static int databases;

    private readonly string binaries;
    private readonly string directory;
    private ChildProcess? process;

    private PostgresServer(string binaries, string directory, int port)
    {
        this.binaries = binaries;
        this.directory = directory;
        Port = port;
    }

    public int Port { get; private set; }

    /// <summary>The server's first process; those of its connections are its children.</summary>
    public int ProcessId => process?.Id ?? throw new InvalidOperationException("The server is not running.");

    public bool IsRunning => process is { HasExited: false };

    /// <summary>Makes a cluster and starts its server.</summary>
    public static async Task<PostgresServer> StartNewAsync()
    {
        var server = new PostgresServer(
            FindBinaries(),
            Path.Combine(Path.GetTempPath(), $"{Leftovers.OfThisRun.Prefix}postgres-{Guid.NewGuid():N}"),
            Ports.Free());
        await server.CreateClusterAsync();
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await server.StartAsync();
                return server;
            }
            catch (InvalidOperationException) when (attempt < 3)
            {
                // Another test run took the port between the look and the start.
                server.Port = Ports.Free();
            }
        }
    }

    /// <summary>Starts the server that is not running; it accepts connections when the task completes.</summary>
    public async Task StartAsync()
    {
        var (program, arguments) = AsServer(Path.Combine(binaries, "postgres"),
            ["-D", directory, "-p", $"{Port}", "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=", "-c", "max_connections=200", "-c", "max_prepared_transactions=10"]);
        process = ChildProcess.Start("postgres", program, arguments);
        await process.LineAsync(line => line.Contains("database system is ready to accept connections", StringComparison.Ordinal), "the ready line");
    }

    /// <summary>Ends connections and shuts down in order.</summary>
    public Task StopAsync() => EndAsync(Signal.Interrupt);

    /// <summary>As <c>pg_ctl stop -m immediate</c>: what is not flushed is lost, and the next start recovers.</summary>
    public Task CrashAsync() => EndAsync(Signal.Quit);

    public async Task RestartAsync()
    {
        await StopAsync();
        await StartAsync();
    }

    /// <summary>Creates an empty database with a name of its own.</summary>
    /// <returns>How to connect to it.</returns>
    public async Task<string> CreateDatabaseAsync()
    {
        var name = $"test_{Interlocked.Increment(ref databases)}";
        await RunAsync("createdb", binaries, ["-h", "127.0.0.1", "-p", $"{Port}", "-U", User, "-w", name]);
        return ConnectionString(name, Port);
    }

    /// <summary>Runs SQL as a person would, with <c>psql</c>: one line for each row, its values separated by '|'.</summary>
    /// <param name="connection">As <see cref="CreateDatabaseAsync"/> has returned it.</param>
    public async Task<IReadOnlyList<string>> SqlAsync(string connection, string statement)
    {
        var database = connection.Split(';').Single(part => part.StartsWith("Database=", StringComparison.Ordinal))["Database=".Length..];
        var output = await RunAsync("psql", binaries, ["-h", "127.0.0.1", "-p", $"{Port}", "-U", User, "-w", "-d", database, "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-c", statement]);
        return output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    /// <param name="port">The server's own port, or that of a <see cref="TcpProxy"/> in front of it.</param>
    public static string ConnectionString(string database, int port) =>
        $"Host=127.0.0.1;Port={port};Database={database};Username={User};Password={Password}";

    public async ValueTask DisposeAsync()
    {
        if (IsRunning)
        {
            await CrashAsync();
        }
        await RunAsync("rm", "", ["-rf", directory]);
    }

    private async Task CreateClusterAsync()
    {
        var password = directory + ".password";
        await File.WriteAllTextAsync(password, Password);
        if (!OperatingSystem.IsWindows())
        {
            // The system user reads it.
            File.SetUnixFileMode(password, UnixFileMode.UserRead | UnixFileMode.GroupRead | UnixFileMode.OtherRead);
        }
        try
        {
            await RunAsync("initdb", binaries, ["-D", directory, "-U", User, "--pwfile", password, "-A", "scram-sha-256", "-E", "UTF8", "--locale", "C", "--no-sync"]);
        }
        finally
        {
            File.Delete(password);
        }
    }

    private async Task EndAsync(Signal signal)
    {
        if (process is { } running)
        {
            process = null;
            running.Send(signal);
            await running.ExitAsync();
            await running.DisposeAsync();
        }
    }

    /// <summary>The server refuses to run as root, so root becomes the system user that Debian's package makes.</summary>
    private static (string Program, IEnumerable<string> Arguments) AsServer(string program, IEnumerable<string> arguments) =>
        Environment.IsPrivilegedProcess
            ? ("setpriv", ["--reuid", SystemUser, "--regid", SystemUser, "--clear-groups", "--", program, .. arguments])
            : (program, arguments);

    private static async Task<string> RunAsync(string tool, string folder, IEnumerable<string> arguments)
    {
        var (program, all) = tool == "initdb" ? AsServer(Path.Combine(folder, tool), arguments) : (Path.Combine(folder, tool), arguments);
        var start = new ProcessStartInfo(program, all)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
            WorkingDirectory = Path.GetTempPath(),
            Environment = { ["PGPASSWORD"] = Password, ["LC_ALL"] = "C" },
        };
        using var running = Process.Start(start)!;
        var output = running.StandardOutput.ReadToEndAsync();
        var errors = await running.StandardError.ReadToEndAsync();
        await running.WaitForExitAsync();
        if (running.ExitCode != 0)
        {
            throw new InvalidOperationException($"{tool} failed: {errors}{await output}");
        }

        return await output;
    }

    private static string FindBinaries()
    {
        const string debian = "/usr/lib/postgresql";
        var installed = Directory.Exists(debian)
            ? Directory.GetDirectories(debian).OrderByDescending(d => int.TryParse(Path.GetFileName(d), out var version) ? version : 0).Select(d => Path.Combine(d, "bin"))
            : [];
        return installed.Concat((Environment.GetEnvironmentVariable("PATH") ?? "").Split(':'))
            .FirstOrDefault(folder => Array.TrueForAll(["initdb", "postgres", "createdb", "psql"], tool => File.Exists(Path.Combine(folder, tool))))
            ?? throw new FileNotFoundException($"PostgreSQL is not installed: no initdb, postgres, createdb and psql in {debian}/*/bin or PATH. Run ./test, or: apt-get install postgresql");
    }
}
