namespace Orchestrator.Testing;

/// <summary>A whole cluster on loopback: PostgreSQL, a simulator, silos and front-ends, each a process of its own.</summary>
public sealed class ClusterWorld : IAsyncDisposable
{
    /// <summary>Key of the admin endpoints.</summary>
    public const string AdminKey = "admin-key-of-the-tests-0123456789abcdef";

    private readonly string _secret = $"{Guid.NewGuid():N}{Guid.NewGuid():N}";
    private readonly List<IAsyncDisposable> _owned = [];
    private ClusterPlan _plan = new();
    private string _database = "";

    public PostgresServer Postgres { get; private set; } = null!;

    public SimulatorProcess Simulator { get; private set; } = null!;

    public List<SiloProcess> Silos { get; } = [];

    public List<FrontEndProcess> FrontEnds { get; } = [];

    public static Task<ClusterWorld> StartAsync(int silos, int frontEnds, params (string Key, string Value)[] simulator) =>
        StartAsync(new ClusterPlan(), silos, frontEnds, simulator);

    public static async Task<ClusterWorld> StartAsync(ClusterPlan plan, int silos, int frontEnds, params (string Key, string Value)[] simulator)
    {
        var world = new ClusterWorld { _plan = plan };
        try
        {
            var (postgres, model) = (PostgresServer.StartNewAsync(), SimulatorProcess.StartAsync(simulator));
            world.Postgres = world.Own(await postgres);
            world.Simulator = world.Own(await model);
            world._database = await world.Postgres.CreateDatabaseAsync();
            List<Task<SiloProcess>> starting = [.. Enumerable.Range(1, silos).Select(i => world.StartSiloAsync($"silo-{i}"))];
            foreach (var silo in starting)
            {
                world.Silos.Add(world.Own(await silo));
            }

            for (var i = 1; i <= frontEnds; i++)
            {
                world.FrontEnds.Add(world.Own(await world.StartFrontEndAsync($"front-end-{i}", world._secret)));
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
        var silo = Own(await StartSiloAsync(name, more));
        Silos.Add(silo);
        return silo;
    }

    /// <summary>A front-end that knows another secret.</summary>
    public async Task<FrontEndProcess> StrangerAsync() => Own(await StartFrontEndAsync("stranger", new string('x', 40)));

    /// <summary>What the database itself says: one line for each row, its values separated by '|'.</summary>
    public Task<IReadOnlyList<string>> SqlAsync(string statement) => Postgres.SqlAsync(_database, statement);

    /// <summary>The silo that owns a conversation, by the database.</summary>
    public async Task<SiloProcess> OwnerAsync(string conversation)
    {
        var name = (await SqlAsync($"select owner from orchestrator.conversations where id = '{conversation}'")).Single();
        return Silos.Single(silo => silo.Name == name);
    }

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

    private Task<SiloProcess> StartSiloAsync(string name, params string[] more)
    {
        var port = Ports.Free();
        var (network, database) = (Proxy(port), Proxy(Postgres.Port));
        List<string> arguments = [.. Arguments(name, _secret, database), .. _plan.SiloArguments, .. more];
        if (network is not null)
        {
            arguments.Add($"--Orchestrator:Silo:Advertise=127.0.0.1:{network.Port}");
        }

        return SiloProcess.StartAsync(name, port, arguments, network, database);
    }

    private Task<FrontEndProcess> StartFrontEndAsync(string name, string secret)
    {
        var database = Proxy(Postgres.Port);
        return FrontEndProcess.StartAsync([.. Arguments(name, secret, database), .. _plan.FrontEndArguments], database);
    }

    private TcpProxy? Proxy(int target) => _plan.HasNetworks ? new TcpProxy(target) : null;

    private List<string> Arguments(string name, string secret, TcpProxy? database) =>
    [
        $"--Orchestrator:Cluster:Secret={secret}",
        // The database knows its clients by their names.
        $"--Orchestrator:Postgres:ConnectionString={(database is null ? _database : _database.Replace($"Port={Postgres.Port};", $"Port={database.Port};", StringComparison.Ordinal))};Application Name={name}",
        "--Orchestrator:Upstream:Endpoints:0:Name=sim",
        $"--Orchestrator:Upstream:Endpoints:0:BaseUrl={Simulator.Url}",
        "--Orchestrator:Upstream:Endpoints:0:ApiKey=test",
    ];
}
