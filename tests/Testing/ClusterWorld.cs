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

    /// <summary>How to connect to the cluster's database.</summary>
    public string Database => _database;

    public static Task<ClusterWorld> StartAsync(int silos, int frontEnds, params (string Key, string Value)[] simulator) =>
        StartAsync(silos, frontEnds, proxied: false, simulator);

    /// <param name="proxied">Front-ends reach each silo through a <see cref="TcpProxy"/>.</param>
    public static async Task<ClusterWorld> StartAsync(int silos, int frontEnds, bool proxied, params (string Key, string Value)[] simulator)
    {
        var world = new ClusterWorld();
        try
        {
            world.Postgres = world.Own(await PostgresServer.StartNewAsync());
            world.Simulator = world.Own(await SimulatorProcess.StartAsync(simulator));
            world._database = await world.Postgres.CreateDatabaseAsync();
            for (var i = 1; i <= silos; i++)
            {
                world.Silos.Add(world.Own(await SiloProcess.StartAsync($"silo-{i}", world.Arguments($"silo-{i}"), proxied)));
            }

            for (var i = 1; i <= frontEnds; i++)
            {
                world.FrontEnds.Add(world.Own(await FrontEndProcess.StartAsync(world.Arguments($"front-end-{i}"))));
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
    public async Task<SiloProcess> AddSiloAsync(string name)
    {
        var silo = Own(await SiloProcess.StartAsync(name, Arguments(name)));
        Silos.Add(silo);
        return silo;
    }

    /// <summary>A front-end that knows another secret.</summary>
    public async Task<FrontEndProcess> StrangerAsync() => Own(await FrontEndProcess.StartAsync(Arguments("stranger", new string('x', 40))));

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

    /// <param name="process">What the database calls it.</param>
    private List<string> Arguments(string process, string? secret = null) =>
    [
        $"--Orchestrator:Cluster:Secret={secret ?? _secret}",
        $"--Orchestrator:Postgres:ConnectionString={_database};Application Name={process}",
        "--Orchestrator:Upstream:Endpoints:0:Name=sim",
        $"--Orchestrator:Upstream:Endpoints:0:BaseUrl={Simulator.Url}",
        "--Orchestrator:Upstream:Endpoints:0:ApiKey=test",
    ];
}
