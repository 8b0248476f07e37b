using Microsoft.Win32.SafeHandles;
using Orchestrator.Secrets;

namespace Orchestrator.Silo.Stores;

/// <summary>The file operations that an append consists of; a seam, so that tests can fail each of them half-way.</summary>
internal class JournalDisk
{
    /// <summary>Opens a journal, creating an empty one when asked to.</summary>
    /// <exception cref="IOException">For whatever reason.</exception>
    public virtual SafeFileHandle Open(string path, bool create)
    {
        try
        {
            return OpenOrCreate(path, create);
        }
        catch (UnauthorizedAccessException e)
        {
            throw new IOException(e.Message, e);
        }
    }

    public virtual void Write(SafeFileHandle file, ReadOnlySpan<byte> bytes, long offset) => RandomAccess.Write(file, bytes, offset);

    public virtual void SetLength(SafeFileHandle file, long length) => RandomAccess.SetLength(file, length);

    /// <summary>fsync.</summary>
    public virtual void Flush(SafeFileHandle file) => RandomAccess.FlushToDisk(file);

    private static SafeFileHandle OpenOrCreate(string path, bool create)
    {
        if (create)
        {
            var directory = Path.GetDirectoryName(path)!;
            if (!Directory.Exists(directory))
            {
                PrivateFiles.CreateDirectory(directory);
                NativeFiles.FlushDirectory(Path.GetDirectoryName(directory)!);
            }
        }

        // ReadWrite sharing: readers open the same file while its owner appends.
        var file = File.OpenHandle(path, create ? FileMode.CreateNew : FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
        if (create)
        {
            NativeFiles.FlushDirectory(Path.GetDirectoryName(path)!);
        }

        return file;
    }
}
