using System.Buffers;
using System.Collections.Concurrent;
using Orchestrator.Journal;
using Orchestrator.Secrets;

namespace Orchestrator.Silo.Stores;

/// <summary>
/// Conversations as files of one directory that this process holds alone: one append-only journal of JSON lines
/// each, <c>conversations/&lt;tenant&gt;/&lt;id&gt;.jsonl</c>.
/// </summary>
/// <remarks>
/// Fencing. The directory's lock makes all owners live in this process, so an epoch needs no file of its own: it
/// is kept in memory, beside the gate that every append passes, and dies with the process that could have used
/// it. Epochs begin with the directory's durable incarnation number and therefore never repeat, restarts included.
/// </remarks>
public sealed class EmbeddedStore : IConversationStore, IAsyncDisposable
{
    private const int DiskThreadCount = 8;

    /// <summary>More conversations than this take turns with their files, and pay a flush for each turn.</summary>
    private const int DefaultOpenFiles = 4096;

    private readonly DataDirectory directory;
    private readonly JournalCodec codec;
    private readonly JournalDisk disk;
    private readonly JournalPaths paths;
    private readonly OpenFiles openFiles;
    private readonly DiskThreads threads = new(DiskThreadCount);
    private readonly ConcurrentDictionary<ConversationId, OwnedJournal> owned = new();
    private readonly Lock probeGate = new();
    private Task<string?> probe = Task.FromResult<string?>(null);
    private long epochs;
    private bool disposed;

    /// <param name="directory">Held, and not disposed, by the store's owner.</param>
    /// <exception cref="InvalidDataException">The key file is not readable as keys.</exception>
    public EmbeddedStore(DataDirectory directory)
        : this(directory, new JournalDisk(), DefaultOpenFiles)
    {
    }

    internal EmbeddedStore(DataDirectory directory, JournalDisk disk, int openFileLimit)
    {
        this.directory = directory;
        this.disk = disk;
        codec = new JournalCodec(new SecretBox(KeyRing.LoadOrCreate(directory.Root, "journal")));
        NativeFiles.FlushDirectory(Path.Combine(directory.Root, "keys"));
        paths = new JournalPaths(Path.Combine(directory.Root, "conversations"));
        openFiles = new OpenFiles(openFileLimit);
        epochs = directory.Incarnation << 32;
    }

    /// <summary>Files that are open now, for tests of the bound.</summary>
    internal int OpenFileCount => owned.Values.Count(journal => journal.HasOpenFile);

    /// <inheritdoc/>
    public async Task<Ownership> ClaimAsync(TenantId tenant, ConversationId conversation, string owner, bool mustExist, CancellationToken cancellation)
    {
        if (!TenantId.IsValid(tenant.Value))
        {
            throw new ConversationNotFoundException(conversation);
        }

        while (true)
        {
            // The map's key is the conversation alone: two tenants that claim one id meet at the same gate.
            var journal = owned.GetOrAdd(conversation, _ => new OwnedJournal(tenant, paths.Of(tenant, conversation), disk));
            await journal.Gate.WaitAsync(cancellation);
            try
            {
                if (journal.Retired)
                {
                    continue;
                }

                if (journal.Tenant != tenant)
                {
                    if (journal.Epoch == 0)
                    {
                        // Left behind by a claim of another tenant that was cancelled while it waited.
                        continue;
                    }

                    throw new ConversationNotFoundException(conversation);
                }

                if (journal.Epoch == 0)
                {
                    await threads.Run(() => Prepare(journal, conversation, mustExist));
                }

                journal.Epoch = Interlocked.Increment(ref epochs);
                return new Ownership(tenant, conversation, owner, journal.Epoch);
            }
            finally
            {
                if (journal.Epoch == 0 && !journal.Retired)
                {
                    Retire(conversation, journal);
                }

                journal.Gate.Release();
            }
        }
    }

    /// <inheritdoc/>
    public async Task<LoadedJournal> LoadAsync(TenantId tenant, ConversationId conversation, CancellationToken cancellation)
    {
        if (!TenantId.IsValid(tenant.Value))
        {
            throw new ConversationNotFoundException(conversation);
        }

        long? length = null;
        long tornBytes = 0;
        if (owned.TryGetValue(conversation, out var journal))
        {
            await journal.Gate.WaitAsync(cancellation);
            try
            {
                if (!journal.Retired && journal.Epoch != 0)
                {
                    if (journal.Tenant != tenant)
                    {
                        throw new ConversationNotFoundException(conversation);
                    }

                    tornBytes = journal.TornBytes;
                    if (journal.TakePreloaded() is { } entries)
                    {
                        return new LoadedJournal(entries, tornBytes);
                    }

                    // Up to here and no further: what stands behind is an append that is under way.
                    length = journal.Length;
                }
            }
            finally
            {
                journal.Gate.Release();
            }
        }

        // Without the gate: whole appends do not change any more, and a reader must not hold up the owner.
        var scanned = await threads.Run(() => Scan(tenant, conversation, length, cancellation));
        return new LoadedJournal(scanned.Entries, length is null ? scanned.TornBytes : tornBytes);
    }

    /// <inheritdoc/>
    public async Task AppendAsync(Ownership ownership, IReadOnlyList<JournalEntry> entries, Durability durability, CancellationToken cancellation)
    {
        var bytes = new ArrayBufferWriter<byte>(1024);
        for (var i = 0; i < entries.Count; i++)
        {
            codec.Write(bytes, ownership.Tenant, ownership.Conversation, entries[i], more: i < entries.Count - 1);
        }

        var digest = AppendDigest.Of(entries);
        var journal = owned.GetValueOrDefault(ownership.Conversation) ?? throw Lost(ownership);
        await journal.Gate.WaitAsync(cancellation);
        try
        {
            if (journal.Retired || journal.Epoch != ownership.Epoch)
            {
                throw Lost(ownership);
            }

            var repeated = entries.Count > 0 && journal.IsLastAppend(entries[0].Position, digest);
            if (!repeated)
            {
                RequireNext(journal.LastPosition, entries);
            }

            await threads.Run(() =>
            {
                journal.Append(repeated ? [] : bytes.WrittenSpan, repeated ? 0 : entries.Count, durability);
                if (entries.Count > 0)
                {
                    journal.Remember(entries[0].Position, digest);
                }

                openFiles.Used(journal);
                return true;
            });
        }
        finally
        {
            journal.Gate.Release();
        }
    }

    /// <inheritdoc/>
    public async Task ReleaseAsync(Ownership ownership, CancellationToken cancellation)
    {
        if (!owned.TryGetValue(ownership.Conversation, out var journal))
        {
            return;
        }

        await journal.Gate.WaitAsync(cancellation);
        try
        {
            if (!journal.Retired && journal.Epoch == ownership.Epoch)
            {
                await threads.Run(() => Close(journal));
                Retire(ownership.Conversation, journal);
            }
        }
        finally
        {
            journal.Gate.Release();
        }
    }

    /// <inheritdoc/>
    public Task<IReadOnlyList<ConversationId>> ListAsync(TenantId tenant, ConversationId? before, int limit, CancellationToken cancellation) =>
        TenantId.IsValid(tenant.Value)
            ? threads.Run(() => paths.List(tenant, before, limit))
            : Task.FromResult<IReadOnlyList<ConversationId>>([]);

    /// <summary>
    /// Writes and flushes a small file; null when that works, otherwise the reason why it does not. Whoever asks
    /// meanwhile gets the same answer, so that a flood of health requests is one flush at a time.
    /// </summary>
    public Task<string?> ProbeAsync()
    {
        lock (probeGate)
        {
            return probe = probe.IsCompleted ? threads.Run(Probe) : probe;
        }
    }

    /// <summary>Flushes and closes every journal. Claims of this store are void afterwards.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref disposed, true))
        {
            return;
        }

        foreach (var (conversation, journal) in owned)
        {
            await journal.Gate.WaitAsync();
            if (!journal.Retired)
            {
                await threads.Run(() => Close(journal));
                Retire(conversation, journal);
            }

            journal.Gate.Release();
        }

        threads.Dispose();
    }

    private string? Probe()
    {
        try
        {
            PrivateFiles.Replace(Path.Combine(directory.Root, "probe"), "ok");
            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return $"the data directory cannot be written: {e.Message}";
        }
    }

    private bool Prepare(OwnedJournal journal, ConversationId conversation, bool mustExist)
    {
        var path = paths.Of(journal.Tenant, conversation);
        var exists = File.Exists(path);
        if (!exists && (mustExist || paths.ExistsElsewhere(journal.Tenant, conversation)))
        {
            throw new ConversationNotFoundException(conversation);
        }

        journal.Prepare(new JournalScan(codec, path, journal.Tenant, conversation), create: !exists);
        openFiles.Used(journal);
        return true;
    }

    private ScannedJournal Scan(TenantId tenant, ConversationId conversation, long? length, CancellationToken cancellation)
    {
        var path = paths.Of(tenant, conversation);
        try
        {
            using var file = File.OpenHandle(path, share: FileShare.ReadWrite | FileShare.Delete);
            return new JournalScan(codec, path, tenant, conversation).Run(file, length ?? RandomAccess.GetLength(file), cancellation);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new ConversationNotFoundException(conversation);
        }
    }

    private static bool Close(OwnedJournal journal)
    {
        try
        {
            journal.CloseFile();
        }
        catch (IOException)
        {
            // What was appended with Durability.Written was promised against a crash of the process only.
            journal.Abandon();
        }

        return true;
    }

    private void Retire(ConversationId conversation, OwnedJournal journal)
    {
        journal.Retired = true;
        journal.Abandon();
        openFiles.Forget(journal);
        owned.TryRemove(conversation, out _);
    }

    private static void RequireNext(long last, IReadOnlyList<JournalEntry> entries)
    {
        for (var i = 0; i < entries.Count; i++)
        {
            if (entries[i].Position != last + 1 + i)
            {
                throw new ArgumentException($"Position {last + 1 + i} follows, not {entries[i].Position}.", nameof(entries));
            }
        }
    }

    private static OwnershipLostException Lost(Ownership ownership) => new(ownership.Conversation, ownership.Epoch);
}
