using System.Runtime.CompilerServices;
using Orchestrator.Grains.Transcripts;
using Orchestrator.Grains.Usage;
using Orchestrator.Journal;
using Orchestrator.Reading;

namespace Orchestrator.Silo.Reading;

/// <summary>Answers the REST API from the journals.</summary>
/// <param name="isActive">True while an edge or a link is attached to the conversation.</param>
/// <param name="poll">How often live tails read the store, where facts are written by other processes and not announced here.</param>
public sealed class ConversationReader(
    IConversationStore store, JournalFeed feed, Func<TenantId, ConversationId, ValueTask<bool>> isActive, TimeSpan? poll = null) : IConversationReader
{
    private const int RememberedSummaries = 4096;

    // Only ended conversations are remembered: nothing changes them any more, whoever wrote them.
    private readonly RecentlyUsed<ConversationId, (TenantId Tenant, ConversationSummary Summary)> ended = new(RememberedSummaries);

    /// <inheritdoc/>
    public async Task<IReadOnlyList<ConversationSummary>> ListAsync(TenantId tenant, ConversationId? before, int limit, CancellationToken cancellation)
    {
        var page = new List<ConversationSummary>();
        while (page.Count < limit)
        {
            // A conversation that was claimed and has no fact yet is not listed; the next ones fill its place.
            var wanted = limit - page.Count;
            var ids = await store.ListAsync(tenant, before, wanted, cancellation);
            foreach (var id in ids)
            {
                if (await SummaryOrDamageAsync(tenant, id, cancellation) is { } summary)
                {
                    page.Add(summary);
                }
            }

            if (ids.Count < wanted)
            {
                break;
            }

            before = ids[^1];
        }

        return page;
    }

    /// <inheritdoc/>
    public async Task<ConversationSummary?> FindAsync(TenantId tenant, ConversationId conversation, CancellationToken cancellation)
    {
        if (ended.TryGet(conversation, out var known) && known.Tenant == tenant)
        {
            return known.Summary;
        }

        if (await LoadAsync(tenant, conversation, cancellation) is not { } entries)
        {
            return null;
        }

        var fold = SummaryFold.Empty.Add(entries);
        var summary = fold.Result(conversation, !fold.Ended && await isActive(tenant, conversation));
        if (fold.Ended)
        {
            ended.Set(conversation, (tenant, summary));
        }

        return summary;
    }

    /// <inheritdoc/>
    public async Task<Transcript?> TranscriptAsync(TenantId tenant, ConversationId conversation, CancellationToken cancellation) =>
        await LoadAsync(tenant, conversation, cancellation) is { } entries ? TranscriptFold.Empty.Add(entries).Result(conversation) : null;

    /// <inheritdoc/>
    public async Task<UsageReport?> UsageAsync(TenantId tenant, ConversationId conversation, CancellationToken cancellation) =>
        await LoadAsync(tenant, conversation, cancellation) is { } entries ? UsageFold.Empty.Add(entries).Result(conversation) : null;

    /// <inheritdoc/>
    public async Task<IReadOnlyList<JournalEntry>?> FactsAsync(TenantId tenant, ConversationId conversation, long after, CancellationToken cancellation) =>
        await LoadAsync(tenant, conversation, cancellation) is { } entries
            ? [.. entries.Where(entry => entry.Position > after).Select(WithoutHandle)]
            : null;

    /// <inheritdoc/>
    /// <exception cref="ConversationNotFoundException">The tenant has no such conversation.</exception>
    public async IAsyncEnumerable<JournalEntry> TailAsync(TenantId tenant, ConversationId conversation, long after, [EnumeratorCancellation] CancellationToken cancellation)
    {
        // Subscribed first and loaded second: what is appended in between is in both, and positions tell.
        using var announced = feed.Subscribe(tenant, conversation);
        var readStore = true;
        var isNew = true;
        while (true)
        {
            if (readStore)
            {
                // Whole at first, because the end may stand before the place where the reader goes on; then only what is new.
                var entries = isNew
                    ? (await store.LoadAsync(tenant, conversation, cancellation)).Entries
                    : await store.ReadAfterAsync(tenant, conversation, after, cancellation);
                (readStore, isNew) = (false, false);
                foreach (var entry in entries)
                {
                    if (entry.Position > after)
                    {
                        after = entry.Position;
                        yield return WithoutHandle(entry);
                    }

                    if (entry.Fact is ConversationEnded)
                    {
                        yield break;
                    }
                }
            }

            while (!readStore && announced.TryTake(out var entry))
            {
                if (entry!.Position <= after)
                {
                    continue;
                }

                if (entry.Position > after + 1)
                {
                    // Something before it was never announced here.
                    readStore = true;
                    break;
                }

                after = entry.Position;
                yield return WithoutHandle(entry);
                if (entry.Fact is ConversationEnded)
                {
                    yield break;
                }
            }

            readStore |= announced.TakeLagged();
            if (!readStore)
            {
                readStore = !await WaitAsync(announced, cancellation);
            }
        }
    }

    /// <returns>False when nobody has announced anything for so long that the store may know more.</returns>
    private async Task<bool> WaitAsync(JournalFeed.Subscriber announced, CancellationToken cancellation)
    {
        if (poll is not { } every)
        {
            return await announced.WaitAsync(cancellation);
        }

        using var late = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        late.CancelAfter(every);
        try
        {
            return await announced.WaitAsync(late.Token);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return false;
        }
    }

    private async Task<ConversationSummary?> SummaryOrDamageAsync(TenantId tenant, ConversationId conversation, CancellationToken cancellation)
    {
        try
        {
            return await FindAsync(tenant, conversation, cancellation);
        }
        catch (JournalDamagedException)
        {
            // One damaged journal must not hide the others. Its id still tells when it was born.
            var born = Born(conversation);
            return SummaryFold.Empty.Result(conversation, isActive: false) with { State = "damaged", CreatedAt = born, UpdatedAt = born };
        }
    }

    private async Task<IReadOnlyList<JournalEntry>?> LoadAsync(TenantId tenant, ConversationId conversation, CancellationToken cancellation)
    {
        try
        {
            var journal = await store.LoadAsync(tenant, conversation, cancellation);
            return journal.Entries.Count > 0 ? journal.Entries : null;
        }
        catch (ConversationNotFoundException)
        {
            return null;
        }
    }

    // The first 48 bits of a version 7 UUID are milliseconds of Unix time.
    private static DateTimeOffset Born(ConversationId conversation) =>
        conversation.Value.Version == 7
        && long.Parse(conversation.ToString().AsSpan(0, 12), System.Globalization.NumberStyles.HexNumber) is var ms
        && ms <= DateTimeOffset.MaxValue.ToUnixTimeMilliseconds()
            ? DateTimeOffset.FromUnixTimeMilliseconds(ms)
            : default;

    private static JournalEntry WithoutHandle(JournalEntry entry) =>
        entry.Fact is CheckpointTaken checkpoint ? entry with { Fact = checkpoint with { Handle = "" } } : entry;
}
