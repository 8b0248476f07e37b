using System.Text;

namespace Orchestrator.Secrets;

/// <summary>Files and directories that only the account of the process may read.</summary>
public static class PrivateFiles
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>Creates the directory, mode 0700, unless it exists. Missing parents are created alike.</summary>
    public static void CreateDirectory(string path)
    {
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(path);
        }
        else
        {
            Directory.CreateDirectory(path, OwnerOnly | UnixFileMode.UserExecute);
        }
    }

    /// <summary>
    /// Writes a file, mode 0600, unless it exists: whole and flushed under another name first, so that
    /// nobody ever reads half of it.
    /// </summary>
    public static void CreateOnce(string path, string text)
    {
        var draft = path + ".new";
        File.Delete(draft);
        Write(draft, text);
        try
        {
            File.Move(draft, path, overwrite: false);
        }
        catch (IOException) when (File.Exists(path))
        {
            File.Delete(draft);
        }
    }

    /// <summary>Replaces a file's text, mode 0600, atomically and flushed.</summary>
    public static void Replace(string path, string text)
    {
        var draft = path + ".new";
        File.Delete(draft);
        Write(draft, text);
        File.Move(draft, path, overwrite: true);
    }

    private static void Write(string path, string text)
    {
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, Share = FileShare.None };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = OwnerOnly;
        }

        using var stream = new FileStream(path, options);
        stream.Write(Encoding.UTF8.GetBytes(text));
        stream.Flush(flushToDisk: true);
    }
}
