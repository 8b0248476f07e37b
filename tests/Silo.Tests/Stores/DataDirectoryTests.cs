using System.Diagnostics;
using Orchestrator.Silo.Stores;

namespace Orchestrator.Silo.Tests.Stores;

public sealed class DataDirectoryTests : IDisposable
{
    private readonly TempDirectory temp = new();

    public void Dispose() => temp.Dispose();

    [Fact]
    public void Open_OfALockedDirectory_NamesTheDirectoryAndTheProcess()
    {
        using var held = DataDirectory.Open(temp.Root);
        var refused = Assert.Throws<DataDirectoryException>(() => DataDirectory.Open(temp.Root));
        Assert.Contains(temp.Root, refused.Message, StringComparison.Ordinal);
        Assert.Contains($"process {Environment.ProcessId}.", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Open_AfterTheHolderClosed_Works_AndTheIncarnationGrows()
    {
        long first;
        using (var held = DataDirectory.Open(temp.Root))
        {
            first = held.Incarnation;
        }

        using var again = DataDirectory.Open(temp.Root);
        Assert.True(again.Incarnation > first);
    }

    [Fact]
    public void Open_WhileAnotherProcessHoldsTheLock_IsRefused_AndItsDeathFreesIt()
    {
        if (!OperatingSystem.IsLinux() || !File.Exists("/usr/bin/flock"))
        {
            Assert.Skip("Needs flock(1).");
        }

        DataDirectory.Open(temp.Root).Dispose();
        var start = new ProcessStartInfo("/usr/bin/flock", ["--close", Path.Combine(temp.Root, "lock"), "sh", "-c", "echo held; read wait"])
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        using var other = Process.Start(start)!;
        Assert.Equal("held", other.StandardOutput.ReadLine());
        Assert.Throws<DataDirectoryException>(() => DataDirectory.Open(temp.Root));

        other.Kill(entireProcessTree: true);
        other.WaitForExit();
        DataDirectory.Open(temp.Root).Dispose();
    }

    [Fact]
    public void Open_BelowAFile_SaysThatItCannotBeWritten()
    {
        var file = Path.Combine(temp.Root, "file");
        File.WriteAllText(file, "");
        var refused = Assert.Throws<DataDirectoryException>(() => DataDirectory.Open(Path.Combine(file, "data")));
        Assert.Contains(Path.Combine(file, "data"), refused.Message, StringComparison.Ordinal);
        Assert.Contains("Orchestrator:DataDirectory", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Open_OfAReadOnlyFileSystem_SaysThatItCannotBeWritten()
    {
        using var mount = SmallFileSystem.TryMount(temp.Root, "size=64k,ro");
        if (mount is null)
        {
            Assert.Skip("Needs the right to mount.");
        }

        Assert.Contains("cannot be written", Assert.Throws<DataDirectoryException>(() => DataDirectory.Open(temp.Root)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Open_WithABrokenIncarnation_SaysWhatToDo_AndFreesTheLock()
    {
        DataDirectory.Open(temp.Root).Dispose();
        File.WriteAllText(Path.Combine(temp.Root, "incarnation"), "x");
        Assert.Contains("incarnation", Assert.Throws<DataDirectoryException>(() => DataDirectory.Open(temp.Root)).Message, StringComparison.Ordinal);
        File.WriteAllText(Path.Combine(temp.Root, "incarnation"), "41");
        using var opened = DataDirectory.Open(temp.Root);
        Assert.Equal(42, opened.Incarnation);
    }
}
