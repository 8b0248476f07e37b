namespace Orchestrator.Silo.Tests;

/// <summary>A directory that is gone after the test.</summary>
internal sealed class TempDirectory : IDisposable
{
    public TempDirectory() => Root = Directory.CreateTempSubdirectory("orchestrator-").FullName;

    public string Root { get; }

    public void Dispose() => Directory.Delete(Root, recursive: true);
}
