using Microsoft.Win32.SafeHandles;
using Orchestrator.Journal;

namespace Orchestrator.Silo.Stores;

/// <summary>
/// The journal of one owned conversation: its file, its length, its newest epoch. Everything but the gate is
/// touched only by whoever holds the gate; the members that wait for the disk run on a disk thread.
/// </summary>
internal sealed class OwnedJournal(TenantId tenant, string path, JournalDisk disk)
{
    private SafeFileHandle? file;
    private long length;
    private long flushedLength;
    private bool tailUncertain;
    private bool flushUncertain;
    private List<JournalEntry>? preloaded;
    private string? damage;
    private (long First, byte[] Digest)? lastAppend;

    /// <summary>One append, load or claim at a time.</summary>
    public SemaphoreSlim Gate { get; } = new(1, 1);

    public TenantId Tenant { get; } = tenant;

    /// <summary>Epoch of the newest claim.</summary>
    public long Epoch { get; set; }

    /// <summary>Removed from the store's map; whoever finds it so must look again.</summary>
    public bool Retired { get; set; }

    /// <summary>Position of the last entry.</summary>
    public long LastPosition { get; private set; }

    /// <summary>Bytes that the claim cut off.</summary>
    public long TornBytes { get; private set; }

    /// <summary>Bytes of all whole appends. Those never change, so they may be read without the gate.</summary>
    public long Length => length;

    public bool HasOpenFile => file is not null;

    /// <summary>Reads the journal for its first owner and cuts a torn tail off; a damaged journal is left as it is.</summary>
    public void Prepare(JournalScan scan, bool create)
    {
        file = disk.Open(path, create);
        length = flushedLength = RandomAccess.GetLength(file);
        try
        {
            var scanned = scan.Run(file, length, CancellationToken.None);
            if (scanned.TornBytes > 0)
            {
                disk.SetLength(file, scanned.GoodLength);
                disk.Flush(file);
            }

            TornBytes = scanned.TornBytes;
            length = flushedLength = scanned.GoodLength;
            LastPosition = scanned.Entries.Count;
            preloaded = scanned.Entries;
        }
        catch (JournalDamagedException e)
        {
            damage = e.Message;
        }
    }

    /// <summary>The journal as the claim read it, once, and only while nothing has been appended since.</summary>
    public List<JournalEntry>? TakePreloaded()
    {
        ThrowIfDamaged();
        var entries = preloaded;
        preloaded = null;
        return entries;
    }

    /// <summary>Appends the bytes of <paramref name="count"/> entries, all or nothing.</summary>
    /// <exception cref="IOException">The journal is as it was.</exception>
    public void Append(ReadOnlySpan<byte> bytes, int count, Durability durability)
    {
        ThrowIfDamaged();

        var target = OpenFile();
        Recover(target);
        preloaded = null;
        try
        {
            tailUncertain = true;
            disk.Write(target, bytes, length);
            if (durability == Durability.Flushed)
            {
                Flush(target);
            }

            tailUncertain = false;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            TryCutBack(target);
            throw e as IOException ?? new IOException(e.Message, e);
        }

        length += bytes.Length;
        LastPosition += count;
        if (durability == Durability.Flushed)
        {
            flushedLength = length;
        }
    }

    /// <summary>True when the last append began there and said the same: its owner repeats it.</summary>
    public bool IsLastAppend(long first, byte[] digest) => lastAppend is { } last && last.First == first && last.Digest.AsSpan().SequenceEqual(digest);

    /// <summary>Notes what the append said that has just succeeded.</summary>
    public void Remember(long first, byte[] digest) => lastAppend = (first, digest);

    /// <summary>Closes the file to make room for another's; the next use opens it again.</summary>
    public void CloseFile()
    {
        if (file is null)
        {
            return;
        }

        if (flushedLength < length)
        {
            Recover(file);
            Flush(file);
            flushedLength = length;
        }

        Abandon();
    }

    /// <summary>Closes the file for good, whatever the disk says.</summary>
    public void Abandon()
    {
        file?.Dispose();
        file = null;
    }

    private void ThrowIfDamaged()
    {
        if (damage is not null)
        {
            throw new JournalDamagedException(damage);
        }
    }

    private SafeFileHandle OpenFile() => file ??= disk.Open(path, create: false);

    /// <summary>Finishes what an earlier failed append could not: the file must end where the journal ends.</summary>
    private void Recover(SafeFileHandle target)
    {
        if (tailUncertain)
        {
            disk.SetLength(target, length);
            tailUncertain = false;
        }

        if (RandomAccess.GetLength(target) != length)
        {
            throw new IOException($"{path} was changed by somebody else.");
        }

        if (flushUncertain)
        {
            // After a failed fsync Linux calls the lost pages clean, and the next fsync lies. Writing
            // them again makes them dirty, so that it has to try.
            var unflushed = new byte[length - flushedLength];
            var read = 0;
            while (read < unflushed.Length)
            {
                var got = RandomAccess.Read(target, unflushed.AsSpan(read), flushedLength + read);
                read += got > 0 ? got : throw new IOException($"{path} is shorter than what was written to it.");
            }

            disk.Write(target, unflushed, flushedLength);
            flushUncertain = false;
        }
    }

    private void Flush(SafeFileHandle target)
    {
        flushUncertain = true;
        disk.Flush(target);
        flushUncertain = false;

        // The file may be open and yet have no name any more: what is written to it then is lost.
        if (!File.Exists(path))
        {
            throw new IOException($"{path} has been removed.");
        }
    }

    private void TryCutBack(SafeFileHandle target)
    {
        try
        {
            disk.SetLength(target, length);
            tailUncertain = false;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // tailUncertain stays set: nothing is appended before this has succeeded.
        }
    }
}
