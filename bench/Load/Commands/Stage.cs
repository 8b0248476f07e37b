using Orchestrator.Bench.Load.Targets;
using Orchestrator.Testing;

namespace Orchestrator.Bench.Load.Commands;

/// <summary>An upstream process that lasts as long as the command.</summary>
internal sealed class Stage : IAsyncDisposable
{
    private readonly ChildProcess _child;

    private Stage(ChildProcess child, Uri upstream) => (_child, Upstream) = (child, upstream);

    public Uri Upstream { get; }

    public int UpstreamProcess => _child.Id;

    public static async Task<Stage> StartAsync()
    {
        var port = Ports.Free();
        var child = Self.Start("echo-upstream", ["upstream", $"{port}"], new Dictionary<string, string>());
        await child.LineAsync(line => line.Contains("is ready", StringComparison.Ordinal), "the upstream's line with 'ready'");
        return new Stage(child, new Uri($"http://127.0.0.1:{port}"));
    }

    public ValueTask DisposeAsync() => _child.DisposeAsync();
}
