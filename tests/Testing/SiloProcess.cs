namespace Orchestrator.Testing;

/// <summary>A silo process on a loopback port.</summary>
public sealed class SiloProcess : IAsyncDisposable
{
    private readonly List<string> _arguments;
    private readonly TcpProxy? _network;
    private readonly TcpProxy? _database;

    private SiloProcess(string name, List<string> arguments, TcpProxy? network, TcpProxy? database) =>
        (Name, _arguments, _network, _database, Child) = (name, arguments, network, database, null!);

    public string Name { get; }

    public ChildProcess Child { get; private set; }

    /// <summary>Between every front-end and this silo, in a <see cref="ClusterPlan"/> with networks.</summary>
    public TcpProxy Network => _network ?? throw new InvalidOperationException("The plan has no networks.");

    /// <summary>Between this silo and PostgreSQL.</summary>
    public TcpProxy Database => _database ?? throw new InvalidOperationException("The plan has no networks.");

    public static async Task<SiloProcess> StartAsync(string name, int port, IEnumerable<string> arguments, TcpProxy? network, TcpProxy? database)
    {
        var silo = new SiloProcess(name, [OrchestratorProcess.ColdStart, .. arguments, $"--Orchestrator:Silo:Name={name}", $"--Orchestrator:Cluster:Listen=127.0.0.1:{port}"], network, database);
        await silo.LaunchAsync();
        return silo;
    }

    public async Task RestartAsync()
    {
        await Child.DisposeAsync();
        await LaunchAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await Child.DisposeAsync();
        await DisposeAsync(_network);
        await DisposeAsync(_database);
    }

    internal static ValueTask DisposeAsync(TcpProxy? proxy) => proxy?.DisposeAsync() ?? ValueTask.CompletedTask;

    private async Task LaunchAsync()
    {
        Child = ChildProcess.StartDotnet(Name, Repository.Built("Silo", "Orchestrator.Silo.dll"), _arguments);
        await Child.LineAsync(line => line.Contains("is ready", StringComparison.Ordinal), "the silo's line with 'ready'");
    }
}
