using System.Diagnostics;
using Orchestrator.Silo.Stores;
using Orchestrator.Testing;

namespace Orchestrator.Silo.Tests.Stores;

public sealed class DataDirectoryTests : IDisposable
{
    private readonly TempDirectory temp = new();

    public void Dispose() => temp.Dispose();

    [Fact]
    public void Open_OfALockedDirectory_NamesTheDirectoryAndTheProcess()
    {
        using var held = DataDirectory.Open(temp.Path);
        var refused = Assert.Throws<DataDirectoryException>(() => DataDirectory.Open(temp.Path));
        Assert.Contains(temp.Path, refused.Message, StringComparison.Ordinal);
        Assert.Contains($"process {Environment.ProcessId}.", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Open_AfterTheHolderClosed_Works_AndTheIncarnationGrows()
    {
        long first;
        using (var held = DataDirectory.Open(temp.Path))
        {
            first = held.Incarnation;
        }

        using var again = DataDirectory.Open(temp.Path);
        Assert.True(again.Incarnation > first);
    }

    [Fact]
    public void Open_WhileAnotherProcessHoldsTheLock_IsRefused_AndItsDeathFreesIt()
    {
        if (!OperatingSystem.IsLinux() || !File.Exists("/usr/bin/flock"))
        {
            Assert.Skip("Needs flock(1).");
        }

        DataDirectory.Open(temp.Path).Dispose();
        var start = new ProcessStartInfo("/usr/bin/flock", ["--close", Path.Combine(temp.Path, "lock"), "sh", "-c", "echo held; read wait"])
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        using var other = Process.Start(start)!;
        Assert.Equal("held", other.StandardOutput.ReadLine());
        Assert.Throws<DataDirectoryException>(() => DataDirectory.Open(temp.Path));

        other.Kill(entireProcessTree: true);
        other.WaitForExit();
        DataDirectory.Open(temp.Path).Dispose();
    }

    [Fact]
    public void Open_BelowAFile_SaysThatItCannotBeWritten()
    {
        var file = Path.Combine(temp.Path, "file");
        File.WriteAllText(file, "");
        var refused = Assert.Throws<DataDirectoryException>(() => DataDirectory.Open(Path.Combine(file, "data")));
        Assert.Contains(Path.Combine(file, "data"), refused.Message, StringComparison.Ordinal);
        Assert.Contains("Orchestrator:DataDirectory", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Open_OfAReadOnlyFileSystem_SaysThatItCannotBeWritten()
    {
        using var mount = SmallFileSystem.TryMount(temp.Path, "size=64k,ro");
        if (mount is null)
        {
            Assert.Skip("Needs the right to mount.");
        }

        Assert.Contains("cannot be written", Assert.Throws<DataDirectoryException>(() => DataDirectory.Open(temp.Path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Open_WithABrokenIncarnation_SaysWhatToDo_AndFreesTheLock()
    {
        DataDirectory.Open(temp.Path).Dispose();
        File.WriteAllText(Path.Combine(temp.Path, "incarnation"), "x");
        Assert.Contains("incarnation", Assert.Throws<DataDirectoryException>(() => DataDirectory.Open(temp.Path)).Message, StringComparison.Ordinal);
        File.WriteAllText(Path.Combine(temp.Path, "incarnation"), "41");
        using var opened = DataDirectory.Open(temp.Path);
        Assert.Equal(42, opened.Incarnation);
    }
}
