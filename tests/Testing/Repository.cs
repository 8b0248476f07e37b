namespace Orchestrator.Testing;

/// <summary>Where things lie in a working copy, seen from a built test.</summary>
public static class Repository
{
    /// <summary>The folder with the solution.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>Logs of the processes that tests start; kept after the run.</summary>
    public static string Logs { get; } = Directory.CreateDirectory(Path.Combine(Root, "artifacts", "logs", "end-to-end")).FullName;

    /// <summary>A built assembly of the same configuration as the running test.</summary>
    public static string Built(string project, string assembly)
    {
        var configuration = new DirectoryInfo(AppContext.BaseDirectory.TrimEnd('/')).Name;
        var path = Path.Combine(Root, "artifacts", "bin", project, configuration, assembly);
        return File.Exists(path) ? path : throw new FileNotFoundException($"{path} is not built; build the solution first.");
    }

    private static string FindRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Orchestrator.sln")))
        {
            folder = folder.Parent;
        }
        return folder?.FullName ?? throw new DirectoryNotFoundException($"No Orchestrator.sln above {AppContext.BaseDirectory}.");
    }
}
