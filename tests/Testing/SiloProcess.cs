namespace Orchestrator.Testing;

/// <summary>A silo process on a loopback port.</summary>
public sealed class SiloProcess : IAsyncDisposable
{
    private readonly List<string> _arguments;

    private SiloProcess(string name, List<string> arguments, bool proxied)
    {
        var port = Ports.Free();
        (Name, Child) = (name, null!);
        Network = proxied ? new TcpProxy(port) : null;
        _arguments = [.. arguments, $"--Orchestrator:Silo:Name={name}", $"--Orchestrator:Cluster:Listen=127.0.0.1:{port}"];
        if (Network is not null)
        {
            _arguments.Add($"--Orchestrator:Silo:Advertise=127.0.0.1:{Network.Port}");
        }
    }

    public string Name { get; }

    public ChildProcess Child { get; private set; }

    /// <summary>What lies between it and the front-ends, if anything does.</summary>
    public TcpProxy? Network { get; }

    public static async Task<SiloProcess> StartAsync(string name, List<string> arguments, bool proxied = false)
    {
        var silo = new SiloProcess(name, arguments, proxied);
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
        if (Network is not null)
        {
            await Network.DisposeAsync();
        }
    }

    private async Task LaunchAsync()
    {
        Child = ChildProcess.StartDotnet(Name, Repository.Built("Silo", "Orchestrator.Silo.dll"), _arguments);
        await Child.LineAsync(line => line.Contains("is ready", StringComparison.Ordinal), "the silo's line with 'ready'");
    }
}
