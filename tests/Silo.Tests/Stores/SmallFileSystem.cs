using System.Diagnostics;

namespace Orchestrator.Silo.Tests.Stores;

/// <summary>A real file system that is small enough to fill. Needs Linux and root.</summary>
internal sealed class SmallFileSystem : IDisposable
{
    private readonly string path;

    private SmallFileSystem(string path) => this.path = path;

    public static SmallFileSystem? TryMount(string path, string options) =>
        OperatingSystem.IsLinux() && Environment.IsPrivilegedProcess && Run("mount", "-t", "tmpfs", "-o", options, "none", path)
            ? new SmallFileSystem(path)
            : null;

    public void Dispose() => Run("umount", "-l", path);

    private static bool Run(string command, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(command, arguments) { RedirectStandardError = true, UseShellExecute = false })!;
        process.WaitForExit();
        return process.ExitCode == 0;
    }
}
