namespace Orchestrator.Testing;

/// <summary>What a test wants to be different from the defaults.</summary>
public sealed record OrchestratorOptions
{
    /// <summary>Tenants and their keys; empty lets the all-in-one make its development key.</summary>
    public IReadOnlyList<(string Tenant, string Key)> Tenants { get; init; } = [("acme", "acme-key"), ("globex", "globex-key")];

    /// <summary>Where the model is; null lets the all-in-one start its own simulator.</summary>
    public string? UpstreamUrl { get; init; }

    /// <summary>Where the journal is; null for a directory that lives as long as the process object.</summary>
    public string? DataDirectory { get; init; }

    /// <summary>More arguments, as on the command line.</summary>
    public IReadOnlyList<string> Arguments { get; init; } = [];

    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();
}

/// <summary>The all-in-one as a real process on a loopback port, with its own data directory.</summary>
public sealed class OrchestratorProcess : IAsyncDisposable
{
    /// <summary>Tests start processes by the hundred, and are not in a hurry: what .NET compiles is compiled when it runs. Whoever wants it otherwise sets the key once more.</summary>
    internal const string ColdStart = "--Orchestrator:WarmUp=false";

    private readonly OrchestratorOptions options;
    private readonly TempDirectory? ownDirectory;

    private OrchestratorProcess(OrchestratorOptions options)
    {
        this.options = options;
        ownDirectory = options.DataDirectory is null ? new TempDirectory() : null;
        DataDirectory = options.DataDirectory ?? ownDirectory!.Path;
        Port = Ports.Free();
        Child = null!;
    }

    public int Port { get; }

    public string Url => $"http://127.0.0.1:{Port}";

    public string DataDirectory { get; }

    /// <summary>The running process; another one after each restart.</summary>
    public ChildProcess Child { get; private set; }

    /// <summary>Starts it and waits until it accepts connections.</summary>
    public static async Task<OrchestratorProcess> StartAsync(OrchestratorOptions? options = null)
    {
        var orchestrator = new OrchestratorProcess(options ?? new OrchestratorOptions());
        orchestrator.Launch();
        await orchestrator.ReadyAsync();
        return orchestrator;
    }

    /// <summary>Starts it and waits for its end: for starts that must fail.</summary>
    public static async Task<(int ExitCode, string Output)> RunToExitAsync(OrchestratorOptions options)
    {
        await using var orchestrator = new OrchestratorProcess(options);
        orchestrator.Launch();
        var code = await orchestrator.Child.ExitAsync();
        return (code, orchestrator.Child.Output);
    }

    /// <summary>SIGKILL: nothing is flushed, nobody is told.</summary>
    public Task KillAsync() => Child.KillAsync();

    /// <summary>SIGTERM, and the orderly end.</summary>
    public async Task<int> StopAsync()
    {
        Child.Send(Signal.Terminate);
        return await Child.ExitAsync();
    }

    /// <summary>Starts it again on the same port and directory.</summary>
    public async Task RestartAsync()
    {
        await Child.DisposeAsync();
        Launch();
        await ReadyAsync();
    }

    /// <summary>REST with one of the tenants' keys.</summary>
    public OrchestratorApi Api(string? key = null) => new(Url, key ?? options.Tenants[0].Key);

    public async ValueTask DisposeAsync()
    {
        await Child.DisposeAsync();
        ownDirectory?.Dispose();
    }

    private void Launch()
    {
        List<string> arguments = ["--urls", Url, $"--Orchestrator:DataDirectory={DataDirectory}", ColdStart];
        if (options.UpstreamUrl is not null)
        {
            arguments.AddRange(
            [
                "--Orchestrator:Upstream:Endpoints:0:Name=sim",
                $"--Orchestrator:Upstream:Endpoints:0:BaseUrl={options.UpstreamUrl}",
                "--Orchestrator:Upstream:Endpoints:0:ApiKey=test",
            ]);
        }
        foreach (var (i, (tenant, key)) in options.Tenants.Index())
        {
            arguments.AddRange([$"--Orchestrator:Tenants:{i}:Id={tenant}", $"--Orchestrator:Tenants:{i}:ApiKeys:0={key}"]);
        }
        arguments.AddRange(options.Arguments);
        Child = ChildProcess.StartDotnet("orchestrator", Repository.Built("Api", "Orchestrator.Api.dll"), arguments, options.Environment);
    }

    private Task ReadyAsync() => Child.LineAsync(
        line => line.Contains("ready", StringComparison.OrdinalIgnoreCase) && line.Contains($":{Port}", StringComparison.Ordinal),
        "the line with 'ready' and the URL");
}
