using Orchestrator.Testing;

namespace Orchestrator.Bench.Load.Targets;

/// <summary>
/// What to start, as it is written on the command line: <c>name</c>, or <c>name@VARIABLE=value,VARIABLE=value</c> for the same
/// with these in its environment. <c>bin=folder</c> takes the product's programs from elsewhere, so that two builds can be
/// compared in one run.
/// </summary>
internal sealed record TargetSpec(string Text, string Name, IReadOnlyDictionary<string, string> Environment, string? Binaries)
{
    public const string Floor = "direct";
    public const string Node = "node";

    public static readonly string[] Names = [Floor, Node, "bare", "all-in-one", "cluster"];

    /// <exception cref="ArgumentException">There is no such target.</exception>
    public static TargetSpec Parse(string text)
    {
        var (name, rest) = text.Split('@', 2) switch { [var n, var r] => (n, r), var whole => (whole[0], "") };
        if (!Names.Contains(name))
        {
            throw new ArgumentException($"There is no target {name}; there are {string.Join(", ", Names)}.");
        }

        var settings = rest.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(pair => pair.Split('=', 2)).ToDictionary(p => p[0], p => p.ElementAtOrDefault(1) ?? "");
        settings.Remove("bin", out var binaries);
        return new TargetSpec(text, name, settings, binaries);
    }

    public async Task<Target> StartAsync(Uri upstream) => Name switch
    {
        Floor => new DirectTarget(upstream),
        Node => await RelayTarget.NodeAsync(upstream, Environment),
        "bare" => await RelayTarget.BareAsync(upstream, Environment),
        "all-in-one" => await AllInOneTarget.StartAsync(upstream, this),
        _ => await ClusterTarget.StartAsync(upstream, this),
    };

    /// <summary>A program of the product.</summary>
    public string Program(string project, string assembly) =>
        Binaries is { } folder ? Path.Combine(folder, project, "release", assembly) : Repository.Built(project, assembly);
}
