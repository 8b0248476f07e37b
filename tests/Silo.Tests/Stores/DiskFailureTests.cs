using Microsoft.Win32.SafeHandles;
using Orchestrator.Journal;
using Orchestrator.Silo.Stores;
using static Orchestrator.Silo.Tests.Facts;
using Orchestrator.Testing;

namespace Orchestrator.Silo.Tests.Stores;

/// <summary>An append that fails half-way changes nothing and may be tried again.</summary>
public sealed class DiskFailureTests : IDisposable
{
    private static readonly CancellationToken None = CancellationToken.None;

    private readonly TempDirectory temp = new();

    public void Dispose() => temp.Dispose();

    [Fact]
    public async Task Append_OnARealFullDisk_LeavesTheJournalWhole_AndWorksOnceThereIsRoom()
    {
        using var mount = SmallFileSystem.TryMount(temp.Path, "size=256k");
        if (mount is null)
        {
            Assert.Skip("Needs the right to mount.");
        }

        using var directory = DataDirectory.Open(temp.Path);
        await using var store = new EmbeddedStore(directory);
        var mine = await store.ClaimAsync(Acme, NewId(), "silo-1", mustExist: false, None);
        await store.AppendAsync(mine, From(1, Opened()), Durability.Flushed, None);
        var ballast = Path.Combine(temp.Path, "ballast");
        await File.WriteAllBytesAsync(ballast, new byte[150_000]);
        var path = Path.Combine(temp.Path, "conversations", "acme", mine.Conversation + ".jsonl");
        var before = await File.ReadAllBytesAsync(path);

        var big = From(2, Turn(1, new string('x', 150_000)));
        for (var attempt = 0; attempt < 3; attempt++)
        {
            await Assert.ThrowsAsync<IOException>(() => store.AppendAsync(mine, big, Durability.Flushed, None));
            Assert.Equal(before, await File.ReadAllBytesAsync(path));
        }

        Assert.Null(await store.ProbeAsync());
        File.Delete(ballast);
        await store.AppendAsync(mine, big, Durability.Flushed, None);
        Assert.Equal(2, (await store.LoadAsync(Acme, mine.Conversation, None)).Entries.Count);
    }

    [Fact]
    public async Task Claim_AndProbe_OnARealFullDisk_SayWhy()
    {
        using var mount = SmallFileSystem.TryMount(temp.Path, "size=64k,nr_inodes=12");
        if (mount is null)
        {
            Assert.Skip("Needs the right to mount.");
        }

        using var directory = DataDirectory.Open(temp.Path);
        await using var store = new EmbeddedStore(directory);
        var n = 0;
        IOException? full = null;
        for (; n < 20 && full is null; n++)
        {
            full = await Record.ExceptionAsync(() => store.ClaimAsync(Acme, NewId(), "silo-1", mustExist: false, None)) as IOException;
        }

        Assert.NotNull(full);
        Assert.Contains("cannot be written", await store.ProbeAsync(), StringComparison.Ordinal);
        Assert.Equal(n - 1, (await store.ListAsync(Acme, null, 50, None)).Count);
    }

    [Fact]
    public async Task Append_WhenEveryStepFailsInTurn_IsAllOrNothing()
    {
        var disk = new FaultyDisk();
        using var directory = DataDirectory.Open(temp.Path);
        await using var store = new EmbeddedStore(directory, disk, openFileLimit: 4);
        var mine = await store.ClaimAsync(Acme, NewId(), "silo-1", mustExist: false, None);
        var path = Path.Combine(temp.Path, "conversations", "acme", mine.Conversation + ".jsonl");
        var seed = Random.Shared.Next();
        var random = new Random(seed);
        var accepted = new List<string>();
        var failures = 0;
        for (var round = 0; round < 400; round++)
        {
            disk.FailWrite = random.Next(4) == 0;
            disk.FailFlush = random.Next(4) == 0;
            disk.FailSetLength = random.Next(3) == 0;
            var word = new string((char)('a' + round % 26), random.Next(1, 400));
            try
            {
                await store.AppendAsync(mine, From(accepted.Count + 1, new ToolCancelled(word)), random.Next(2) == 0 ? Durability.Flushed : Durability.Written, None);
                accepted.Add(word);
            }
            catch (IOException)
            {
                failures++;
            }

            var loaded = await store.LoadAsync(Acme, mine.Conversation, None);
            Assert.True(accepted.SequenceEqual(loaded.Entries.Select(e => ((ToolCancelled)e.Fact).Id), StringComparer.Ordinal), $"seed {seed}, round {round}");
        }

        disk.Heal();
        await store.AppendAsync(mine, From(accepted.Count + 1, new ToolCancelled("last")), Durability.Flushed, None);
        Assert.True(failures > 50, $"seed {seed}: only {failures} failures");
        Assert.Equal(accepted.Count + 1, (await File.ReadAllLinesAsync(path)).Length);
        Assert.Equal(await File.ReadAllBytesAsync(path), disk.Durable[path]);
    }

    [Fact]
    public async Task Append_WhenTheDirectoryIsGone_Fails()
    {
        using var directory = DataDirectory.Open(temp.Path);
        await using var store = new EmbeddedStore(directory);
        var mine = await store.ClaimAsync(Acme, NewId(), "silo-1", mustExist: false, None);
        Directory.Move(Path.Combine(temp.Path, "conversations"), Path.Combine(temp.Path, "elsewhere"));
        await Assert.ThrowsAsync<IOException>(() => store.AppendAsync(mine, From(1, Opened()), Durability.Flushed, None));
        Directory.Move(Path.Combine(temp.Path, "elsewhere"), Path.Combine(temp.Path, "conversations"));
        await store.AppendAsync(mine, From(1, Opened()), Durability.Flushed, None);
        Assert.Single((await store.LoadAsync(Acme, mine.Conversation, None)).Entries);
    }

    [Fact]
    public async Task Append_ToAFileThatSomebodyElseChanged_Fails()
    {
        using var directory = DataDirectory.Open(temp.Path);
        await using var store = new EmbeddedStore(directory);
        var mine = await store.ClaimAsync(Acme, NewId(), "silo-1", mustExist: false, None);
        await store.AppendAsync(mine, From(1, Opened()), Durability.Flushed, None);
        await File.AppendAllTextAsync(Path.Combine(temp.Path, "conversations", "acme", mine.Conversation + ".jsonl"), "# my remark\n");
        await Assert.ThrowsAsync<IOException>(() => store.AppendAsync(mine, From(2, Turn(1)), Durability.Flushed, None));
    }

    /// <summary>
    /// A disk that fails the way Linux does: a failed write has written half; a failed fsync has lost the
    /// pages that were dirty and calls them clean, so that a later fsync succeeds without them.
    /// </summary>
    private sealed class FaultyDisk : JournalDisk
    {
        private readonly Dictionary<SafeFileHandle, (string Path, SortedDictionary<long, byte[]> Dirty)> files = [];

        public bool FailWrite { get; set; }

        public bool FailFlush { get; set; }

        public bool FailSetLength { get; set; }

        /// <summary>What would be on the platter after a power cut.</summary>
        public Dictionary<string, byte[]> Durable { get; } = [];

        public void Heal() => FailWrite = FailFlush = FailSetLength = false;

        public override SafeFileHandle Open(string path, bool create)
        {
            var file = base.Open(path, create);
            files[file] = (path, []);
            Durable.TryAdd(path, []);
            return file;
        }

        public override void Write(SafeFileHandle file, ReadOnlySpan<byte> bytes, long offset)
        {
            var written = FailWrite ? bytes[..(bytes.Length / 2)] : bytes;
            base.Write(file, written, offset);
            files[file].Dirty[offset] = written.ToArray();
            if (FailWrite)
            {
                throw new IOException("No space left on device");
            }
        }

        public override void SetLength(SafeFileHandle file, long length)
        {
            if (FailSetLength)
            {
                throw new IOException("Input/output error");
            }

            base.SetLength(file, length);
            var (path, dirty) = files[file];
            foreach (var (offset, bytes) in dirty.ToList())
            {
                dirty.Remove(offset);
                if (offset < length)
                {
                    dirty[offset] = bytes[..(int)Math.Min(bytes.Length, length - offset)];
                }
            }

            Durable[path] = Durable[path][..(int)Math.Min(Durable[path].Length, length)];
        }

        public override void Flush(SafeFileHandle file)
        {
            var (path, dirty) = files[file];
            if (FailFlush)
            {
                dirty.Clear();
                throw new IOException("Input/output error");
            }

            foreach (var (offset, bytes) in dirty)
            {
                var image = Durable[path];
                Array.Resize(ref image, (int)Math.Max(image.Length, offset + bytes.Length));
                bytes.CopyTo(image, offset);
                Durable[path] = image;
            }

            dirty.Clear();
            base.Flush(file);
        }
    }
}
