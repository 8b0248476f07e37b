namespace Orchestrator.Testing;

/// <summary>A whole cluster on loopback: PostgreSQL, a simulator, silos and front-ends, each a process of its own.</summary>
public sealed class ClusterWorld : IAsyncDisposable
{
    /// <summary>Key of the admin endpoints.</summary>
    public const string AdminKey = "admin-key-of-the-tests-0123456789abcdef";

    private readonly string _secret = $"{Guid.NewGuid():N}{Guid.NewGuid():N}";
    private readonly List<IAsyncDisposable> _owned = [];
    private string _database = "";

    public PostgresServer Postgres { get; private set; } = null!;

    public SimulatorProcess Simulator { get; private set; } = null!;

    public List<SiloProcess> Silos { get; } = [];

    public List<FrontEndProcess> FrontEnds { get; } = [];

    public static async Task<ClusterWorld> StartAsync(int silos, int frontEnds, params (string Key, string Value)[] simulator)
    {
        var world = new ClusterWorld();
        try
        {
            world.Postgres = world.Own(await PostgresServer.StartNewAsync());
            world.Simulator = world.Own(await SimulatorProcess.StartAsync(simulator));
            world._database = await world.Postgres.CreateDatabaseAsync();
            for (var i = 1; i <= silos; i++)
            {
                world.Silos.Add(world.Own(await SiloProcess.StartAsync($"silo-{i}", world.Arguments())));
            }

            for (var i = 1; i <= frontEnds; i++)
            {
                world.FrontEnds.Add(world.Own(await FrontEndProcess.StartAsync(world.Arguments())));
            }

            return world;
        }
        catch
        {
            await world.DisposeAsync();
            throw;
        }
    }

    /// <summary>One silo more.</summary>
    /// <param name="more">Arguments of its own.</param>
    public async Task<SiloProcess> AddSiloAsync(string name, params string[] more)
    {
        var silo = Own(await SiloProcess.StartAsync(name, [.. Arguments(), .. more]));
        Silos.Add(silo);
        return silo;
    }

    /// <summary>A front-end that knows another secret.</summary>
    public async Task<FrontEndProcess> StrangerAsync() => Own(await FrontEndProcess.StartAsync(Arguments(new string('x', 40))));

    public async ValueTask DisposeAsync()
    {
        for (var i = _owned.Count - 1; i >= 0; i--)
        {
            await _owned[i].DisposeAsync();
        }
    }

    private T Own<T>(T process)
        where T : IAsyncDisposable
    {
        _owned.Add(process);
        return process;
    }

    private List<string> Arguments(string? secret = null) =>
    [
        $"--Orchestrator:Cluster:Secret={secret ?? _secret}",
        $"--Orchestrator:Postgres:ConnectionString={_database}",
        "--Orchestrator:Upstream:Endpoints:0:Name=sim",
        $"--Orchestrator:Upstream:Endpoints:0:BaseUrl={Simulator.Url}",
        "--Orchestrator:Upstream:Endpoints:0:ApiKey=test",
    ];
}

/// <summary>A silo process on a loopback port.</summary>
public sealed class SiloProcess : IAsyncDisposable
{
    private readonly string _name;
    private readonly List<string> _arguments;

    private SiloProcess(string name, List<string> arguments) =>
        (_name, _arguments, Child) = (name, [.. arguments, $"--Orchestrator:Silo:Name={name}", $"--Orchestrator:Cluster:Listen=127.0.0.1:{Ports.Free()}"], null!);

    public ChildProcess Child { get; private set; }

    public static async Task<SiloProcess> StartAsync(string name, List<string> arguments)
    {
        var silo = new SiloProcess(name, arguments);
        await silo.LaunchAsync();
        return silo;
    }

    public async Task RestartAsync()
    {
        await Child.DisposeAsync();
        await LaunchAsync();
    }

    public ValueTask DisposeAsync() => Child.DisposeAsync();

    private async Task LaunchAsync()
    {
        Child = ChildProcess.StartDotnet(_name, Repository.Built("Silo", "Orchestrator.Silo.dll"), _arguments);
        await Child.LineAsync(line => line.Contains("is ready", StringComparison.Ordinal), "the silo's line with 'ready'");
    }
}

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
