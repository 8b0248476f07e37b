using System.Globalization;
using Orchestrator.Secrets;

namespace Orchestrator.Silo.Stores;

/// <summary>The data directory cannot be used; the message names it and says what to do.</summary>
public sealed class DataDirectoryException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>
/// The data directory, held by this process alone for as long as this object lives. The lock belongs to the
/// open <c>lock</c> file, so the death of the process in whatever way frees it.
/// </summary>
public sealed class DataDirectory : IDisposable
{
    private readonly FileStream lockFile;

    private DataDirectory(string root, FileStream lockFile, long incarnation)
    {
        Root = root;
        this.lockFile = lockFile;
        Incarnation = incarnation;
    }

    /// <summary>Absolute path.</summary>
    public string Root { get; }

    /// <summary>How many times the directory has been opened; durable, so it never repeats.</summary>
    internal long Incarnation { get; }

    /// <summary>Creates the directory when it is missing, locks it, and makes sure that it can be written.</summary>
    /// <exception cref="DataDirectoryException">It cannot be created or written, or another process holds it.</exception>
    public static DataDirectory Open(string path)
    {
        var root = Path.GetFullPath(path);
        FileStream? held = null;
        try
        {
            if (!Directory.Exists(root))
            {
                PrivateFiles.CreateDirectory(root);
            }

            held = Lock(root);
            var incarnation = NextIncarnation(root);
            PrivateFiles.CreateDirectory(Path.Combine(root, "conversations"));
            NativeFiles.FlushDirectory(root);
            return new DataDirectory(root, held, incarnation);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            held?.Dispose();
            throw new DataDirectoryException($"The data directory {root} cannot be written: {e.Message} Make it writable, or set Orchestrator:DataDirectory to another place.", e);
        }
        catch
        {
            held?.Dispose();
            throw;
        }
    }

    public void Dispose() => lockFile.Dispose();

    private static FileStream Lock(string root)
    {
        var path = Path.Combine(root, "lock");
        FileStream file;
        try
        {
            file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException e) when (File.Exists(path) && NativeFiles.ReadLocked(path) is { } holder)
        {
            var who = int.TryParse(holder, CultureInfo.InvariantCulture, out var pid) ? $"process {pid}" : "another process";
            throw new DataDirectoryException($"The data directory {root} is in use by {who}. Stop it, or set Orchestrator:DataDirectory to another place.", e);
        }

        file.SetLength(0);
        file.Write(System.Text.Encoding.ASCII.GetBytes(Environment.ProcessId.ToString(CultureInfo.InvariantCulture)));
        file.Flush();
        return file;
    }

    private static long NextIncarnation(string root)
    {
        var path = Path.Combine(root, "incarnation");
        long last = 0;
        if (File.Exists(path) && !long.TryParse(File.ReadAllText(path), NumberStyles.None, CultureInfo.InvariantCulture, out last))
        {
            throw new DataDirectoryException($"{path} does not hold a number. Write the number of a later start into it, for example 1000000.");
        }

        PrivateFiles.Replace(path, (last + 1).ToString(CultureInfo.InvariantCulture));
        return last + 1;
    }
}
