namespace Orchestrator.Testing;

/// <summary>A front-end process on a loopback port.</summary>
public sealed class FrontEndProcess : IAsyncDisposable
{
    private readonly List<string> _arguments;

    private FrontEndProcess(List<string> arguments)
    {
        Url = $"http://127.0.0.1:{Ports.Free()}";
        _arguments = ["--urls", Url, .. arguments, "--Orchestrator:Tenants:0:Id=acme", "--Orchestrator:Tenants:0:ApiKeys:0=acme-key", $"--Orchestrator:AdminKey={ClusterWorld.AdminKey}"];
        Child = null!;
    }

    public string Url { get; }

    public ChildProcess Child { get; private set; }

    public OrchestratorApi Api() => new(Url, "acme-key");

    public static async Task<FrontEndProcess> StartAsync(List<string> arguments)
    {
        var frontEnd = new FrontEndProcess(arguments);
        await frontEnd.LaunchAsync();
        return frontEnd;
    }

    public async Task RestartAsync()
    {
        await Child.DisposeAsync();
        await LaunchAsync();
    }

    public ValueTask DisposeAsync() => Child.DisposeAsync();

    private async Task LaunchAsync()
    {
        Child = ChildProcess.StartDotnet("front-end", Repository.Built("Api", "Orchestrator.Api.dll"), _arguments);
        await Child.LineAsync(line => line.Contains("is ready", StringComparison.Ordinal), "the front-end's line with 'ready'");
    }
}
