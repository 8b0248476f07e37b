using System.Diagnostics;
using Orchestrator.Testing;

namespace Orchestrator.Bench.Load.Targets;

/// <summary>A relay that passes frames on and knows nothing of them: what a team would build instead.</summary>
internal sealed class RelayTarget : Target
{
    private readonly ChildProcess _child;

    private RelayTarget(ChildProcess child, int port)
    {
        _child = Own(child);
        Url = new Uri($"http://127.0.0.1:{port}");
    }

    public override Uri Url { get; }

    public override IReadOnlyList<int> Processes => [_child.Id];

    /// <summary>The one in Node with <c>ws</c>.</summary>
    public static async Task<RelayTarget> NodeAsync(Uri upstream, IReadOnlyDictionary<string, string> environment)
    {
        var folder = Path.Combine(Repository.Root, "bench", "Load", "relay-node");
        if (!Directory.Exists(Path.Combine(folder, "node_modules", "ws")))
        {
            await InstallAsync(folder);
        }

        var port = Ports.Free();
        return await ReadyAsync(ChildProcess.Start("relay-node", "node", ["relay.mjs", $"{port}", $"{upstream.Port}"], environment, folder), port);
    }

    /// <summary>The one in C#: this program once more.</summary>
    public static Task<RelayTarget> BareAsync(Uri upstream, IReadOnlyDictionary<string, string> environment)
    {
        var port = Ports.Free();
        return ReadyAsync(Self.Start("relay-bare", ["bare", $"{port}", $"{upstream.Port}"], environment), port);
    }

    private static async Task<RelayTarget> ReadyAsync(ChildProcess child, int port)
    {
        await child.LineAsync(line => line.Contains("is ready", StringComparison.Ordinal), "the relay's line with 'ready'");
        return new RelayTarget(child, port);
    }

    private static async Task InstallAsync(string folder)
    {
        using var npm = Process.Start(new ProcessStartInfo("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"]) { WorkingDirectory = folder, RedirectStandardOutput = true, UseShellExecute = false })!;
        await npm.StandardOutput.ReadToEndAsync();
        await npm.WaitForExitAsync();
        if (npm.ExitCode != 0)
        {
            throw new InvalidOperationException("npm ci failed.");
        }
    }
}
