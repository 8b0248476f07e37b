using System.Buffers;
using System.Text;
using Orchestrator.Journal;

namespace Orchestrator.Silo.Stores.Postgres;

/// <summary>What became of an append.</summary>
internal enum AppendOutcome
{
    /// <summary>It is durable now.</summary>
    Appended = 0,
    /// <summary>It was durable before: this is a repetition.</summary>
    Repeated = 1,
    /// <summary>The epoch is not the newest, or the process not the owner's.</summary>
    Fenced = 2,
    /// <summary>Its positions do not follow the last one.</summary>
    Misplaced = 3,
    /// <summary>Somebody holds the conversation's row just now; to be tried again.</summary>
    Busy = 4,
}

/// <param name="Position">Of the conversation's last fact.</param>
internal readonly record struct AppendVerdict(AppendOutcome Outcome, long Position);

/// <summary>An append on its way, encoded once however often it is tried.</summary>
internal sealed class PendingAppend
{
    private readonly TaskCompletionSource<AppendVerdict> done = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile bool abandoned;

    /// <exception cref="ArgumentException">The entries cannot be written, or have gaps.</exception>
    public PendingAppend(Ownership ownership, IReadOnlyList<JournalEntry> entries, JournalCodec codec)
    {
        Ownership = ownership;
        Digest = AppendDigest.Of(entries);
        var line = new ArrayBufferWriter<byte>(512);
        foreach (var entry in entries)
        {
            if (entry.Position != entries[0].Position + Payloads.Count)
            {
                throw new ArgumentException($"Position {entries[0].Position + Payloads.Count} follows, not {entry.Position}.", nameof(entries));
            }

            line.ResetWrittenCount();
            codec.Write(line, ownership.Tenant, ownership.Conversation, entry, more: false);
            Payloads.Add(Encoding.UTF8.GetString(line.WrittenSpan[..^1]));
            Times.Add(entry.At.UtcDateTime);
            Bytes += line.WrittenCount;
            Ends |= entry.Fact is ConversationEnded;
        }

        First = entries.Count > 0 ? entries[0].Position : 0;
    }

    public Ownership Ownership { get; }

    public ConversationId Conversation => Ownership.Conversation;

    /// <summary>Position of the first entry; 0 when there is none.</summary>
    public long First { get; }

    /// <summary>Position of the last entry; less than <see cref="First"/> when there is none.</summary>
    public long Last => First + Payloads.Count - 1;

    public byte[] Digest { get; }

    /// <summary>The conversation's end is among the entries.</summary>
    public bool Ends { get; }

    /// <summary>One line per entry, as the embedded store writes them.</summary>
    public List<string> Payloads { get; } = [];

    public List<DateTime> Times { get; } = [];

    public long Bytes { get; }

    /// <summary>Nobody waits any more.</summary>
    public bool IsAbandoned => abandoned;

    public Task<AppendVerdict> Done => done.Task;

    public void Abandon() => abandoned = true;

    public void Complete(AppendVerdict verdict) => done.TrySetResult(verdict);

    /// <summary>It cannot be written, whoever tries.</summary>
    public void Fail(Exception failure) => done.TrySetException(failure);
}
