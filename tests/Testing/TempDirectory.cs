namespace Orchestrator.Testing;

/// <summary>A directory that goes away with the test, or with the run when that is killed.</summary>
public sealed class TempDirectory : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory(Leftovers.OfThisRun.Prefix).FullName;

    public string File(string name) => System.IO.Path.Combine(Path, name);

    public void Dispose()
    {
        try
        {
            Directory.Delete(Path, recursive: true);
        }
        catch (IOException)
        {
            // A process that was just killed may still hold a file; what is left goes with the run.
        }
    }
}
