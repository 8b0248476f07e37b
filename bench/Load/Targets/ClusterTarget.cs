using Orchestrator.Bench.Load.Measure;
using Orchestrator.Testing;

namespace Orchestrator.Bench.Load.Targets;

/// <summary>A front-end and a silo as two processes, everything durable in PostgreSQL.</summary>
internal sealed class ClusterTarget : Target
{
    private const string Secret = "secret-of-the-load-bench-0123456789abcdef";

    private ChildProcess? _silo;
    private ChildProcess? _frontEnd;
    private PostgresServer? _postgres;

    private ClusterTarget(Uri url) => Url = url;

    public override Uri Url { get; }

    public override IReadOnlyList<int> Processes => [_frontEnd!.Id, _silo!.Id];

    public override IReadOnlyList<int> Database => ProcessMeter.Family(_postgres!.ProcessId);

    public static async Task<ClusterTarget> StartAsync(Uri upstream, TargetSpec spec)
    {
        var target = new ClusterTarget(new Uri($"http://127.0.0.1:{Ports.Free()}"));
        try
        {
            target._postgres = target.Own(await PostgresServer.StartNewAsync());
            string[] shared =
            [
                $"--Orchestrator:Cluster:Secret={Secret}",
                $"--Orchestrator:Postgres:ConnectionString={await target._postgres.CreateDatabaseAsync()}",
                .. ProductSettings.Upstream(upstream),
            ];
            target._silo = await target.ReadyAsync(
                "silo", spec.Program("Silo", "Orchestrator.Silo.dll"), [.. shared, "--Orchestrator:Silo:Name=silo-1", $"--Orchestrator:Cluster:Listen=127.0.0.1:{Ports.Free()}"], spec);
            target._frontEnd = await target.ReadyAsync(
                "front-end", spec.Program("Api", "Orchestrator.Api.dll"), [.. shared, .. ProductSettings.Tenant, "--urls", target.Url.GetLeftPart(UriPartial.Authority)], spec);
            return target;
        }
        catch
        {
            await target.DisposeAsync();
            throw;
        }
    }

    private async Task<ChildProcess> ReadyAsync(string name, string assembly, string[] arguments, TargetSpec spec)
    {
        var child = Own(ChildProcess.StartDotnet(name, assembly, arguments, spec.Environment));
        await child.LineAsync(line => line.Contains("is ready", StringComparison.Ordinal), $"the line with 'ready' of the {name}");
        return child;
    }
}
