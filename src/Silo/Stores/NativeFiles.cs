using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Orchestrator.Silo.Stores;

/// <summary>What .NET's files cannot do on Linux; elsewhere these do nothing or the nearest thing.</summary>
internal static partial class NativeFiles
{
    private const int ReadOnly = 0;
    private const int CloseOnExec = 0x80000;

    /// <summary>Makes the names in a directory durable: without it a power cut can lose a new file whose content was flushed.</summary>
    public static void FlushDirectory(string path)
    {
        if (!OperatingSystem.IsLinux())
        {
            return;
        }

        using var directory = OpenReadOnly(path);
        if (Fsync(directory) != 0)
        {
            throw Failed("fsync", path);
        }
    }

    /// <summary>Reads a small file that another process has locked; .NET's own open would ask for the lock.</summary>
    public static string? ReadLocked(string path)
    {
        try
        {
            using var file = OperatingSystem.IsLinux() ? OpenReadOnly(path) : File.OpenHandle(path, share: FileShare.ReadWrite);
            using var reader = new StreamReader(new FileStream(file, FileAccess.Read));
            return reader.ReadToEnd();
        }
        catch (IOException)
        {
            return null;
        }
    }

    private static SafeFileHandle OpenReadOnly(string path)
    {
        var file = Open(path, ReadOnly | CloseOnExec);
        return file.IsInvalid ? throw Failed("open", path) : file;
    }

    private static IOException Failed(string call, string path) =>
        new($"{call} of {path} failed: {Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError())}");

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial SafeFileHandle Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int Fsync(SafeFileHandle file);
}
