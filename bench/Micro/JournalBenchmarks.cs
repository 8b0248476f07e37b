using BenchmarkDotNet.Attributes;
using Orchestrator.Journal;
using Orchestrator.Silo.Stores;

namespace Orchestrator.Bench.Micro;

/// <summary>What it takes until a fact is in the embedded store's journal: by the page cache, and by the disk.</summary>
[MemoryDiagnoser]
public class JournalBenchmarks
{
    private readonly string _folder = Directory.CreateTempSubdirectory("orchestrator-micro-").FullName;
    private DataDirectory _directory = null!;
    private EmbeddedStore _store = null!;
    private Ownership _ownership = null!;
    private long _position;

    [GlobalSetup]
    public void Open()
    {
        _directory = DataDirectory.Open(_folder);
        _store = new EmbeddedStore(_directory);
        _ownership = _store.ClaimAsync(new TenantId("acme"), new ConversationId(Guid.CreateVersion7()), "micro", mustExist: false, CancellationToken.None).GetAwaiter().GetResult();
    }

    [GlobalCleanup]
    public void Close()
    {
        _store.DisposeAsync().AsTask().GetAwaiter().GetResult();
        _directory.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Benchmark]
    public Task Append_Written() => AppendAsync(Durability.Written);

    [Benchmark]
    public Task Append_Flushed() => AppendAsync(Durability.Flushed);

    private Task AppendAsync(Durability durability) =>
        _store.AppendAsync(_ownership, [new JournalEntry(++_position, DateTimeOffset.UnixEpoch, new ClientAttached(1))], durability, CancellationToken.None);
}
