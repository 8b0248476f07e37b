using Orchestrator.Testing;

namespace Orchestrator.Bench.Load.Targets;

/// <summary>Orchestrator in one process, with its store of files.</summary>
internal sealed class AllInOneTarget : Target
{
    private readonly ChildProcess _child;

    private AllInOneTarget(ChildProcess child, Uri url) => (_child, Url) = (child, url);

    public override Uri Url { get; }

    public override IReadOnlyList<int> Processes => [_child.Id];

    public static async Task<AllInOneTarget> StartAsync(Uri upstream, TargetSpec spec)
    {
        var url = new Uri($"http://127.0.0.1:{Ports.Free()}");
        var data = new TempDirectory();
        var child = ChildProcess.StartDotnet(
            "all-in-one",
            spec.Program("Api", "Orchestrator.Api.dll"),
            [
                "--urls", url.GetLeftPart(UriPartial.Authority),
                $"--Orchestrator:DataDirectory={data.Path}",
                .. ProductSettings.Upstream(upstream),
                .. ProductSettings.Tenant,
            ],
            spec.Environment);
        var target = new AllInOneTarget(child, url);
        target.Own(new Cleanup(data));
        target.Own(child);
        await child.LineAsync(line => line.Contains("is ready", StringComparison.Ordinal), "the line with 'ready'");
        return target;
    }

    private sealed class Cleanup(IDisposable what) : IAsyncDisposable
    {
        public ValueTask DisposeAsync()
        {
            what.Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
