namespace Orchestrator.Testing;

/// <summary>A front-end process on a loopback port.</summary>
public sealed class FrontEndProcess : IAsyncDisposable
{
    private readonly List<string> _arguments;
    private readonly TcpProxy? _database;

    private FrontEndProcess(IEnumerable<string> arguments, TcpProxy? database)
    {
        Url = $"http://127.0.0.1:{Ports.Free()}";
        _arguments = ["--urls", Url, OrchestratorProcess.ColdStart, .. arguments, "--Orchestrator:Tenants:0:Id=acme", "--Orchestrator:Tenants:0:ApiKeys:0=acme-key", $"--Orchestrator:AdminKey={ClusterWorld.AdminKey}"];
        _database = database;
        Child = null!;
    }

    public string Url { get; }

    public ChildProcess Child { get; private set; }

    /// <summary>Between this front-end and PostgreSQL, in a <see cref="ClusterPlan"/> with networks.</summary>
    public TcpProxy Database => _database ?? throw new InvalidOperationException("The plan has no networks.");

    public OrchestratorApi Api() => new(Url, "acme-key");

    public static async Task<FrontEndProcess> StartAsync(IEnumerable<string> arguments, TcpProxy? database = null)
    {
        var frontEnd = new FrontEndProcess(arguments, database);
        await frontEnd.LaunchAsync();
        return frontEnd;
    }

    public async Task RestartAsync()
    {
        await Child.DisposeAsync();
        await LaunchAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await Child.DisposeAsync();
        await SiloProcess.DisposeAsync(_database);
    }

    private async Task LaunchAsync()
    {
        Child = ChildProcess.StartDotnet("front-end", Repository.Built("Api", "Orchestrator.Api.dll"), _arguments);
        await Child.LineAsync(line => line.Contains("is ready", StringComparison.Ordinal), "the front-end's line with 'ready'");
    }
}
