using Microsoft.Extensions.Logging;
using Orchestrator.Cluster;
using Orchestrator.Journal;

namespace Orchestrator.Silo.Hosting;

/// <summary>Ends conversations that nobody can resume any more and that no living silo looks after. Every silo does it; each gets other ones.</summary>
public sealed partial class AbandonedSweep(IOwnershipDirectory directory, IConversationStore store, SiloIdentity silo, TimeSpan resumableFor, TimeProvider clock, ILogger<AbandonedSweep> logger)
{
    private const int Batch = 100;

    private static readonly TimeSpan DeadFor = TimeSpan.FromMinutes(1);

    private readonly ILogger _logger = logger;

    /// <summary>Sweeps until cancelled.</summary>
    public async Task RunAsync(TimeSpan every, CancellationToken cancellation)
    {
        using var timer = new PeriodicTimer(every, clock);
        try
        {
            while (await timer.WaitForNextTickAsync(cancellation))
            {
                await SweepAsync(cancellation);
            }
        }
        catch (OperationCanceledException)
        {
            // The process ends.
        }
    }

    /// <summary>One pass.</summary>
    /// <returns>Conversations that were ended.</returns>
    public async Task<int> SweepAsync(CancellationToken cancellation)
    {
        try
        {
            var claimed = await directory.ClaimAbandonedAsync(silo.Name, resumableFor, DeadFor, Batch, cancellation);
            foreach (var ownership in claimed)
            {
                await EndAsync(ownership, cancellation);
            }

            return claimed.Count;
        }
        catch (Exception away) when (away is IOException or OwnershipLostException or JournalDamagedException)
        {
            Failed(away.Message);
            return 0;
        }
    }

    private async Task EndAsync(Ownership ownership, CancellationToken cancellation)
    {
        try
        {
            var entries = (await store.LoadAsync(ownership.Tenant, ownership.Conversation, cancellation)).Entries;
            if (!entries.Any(entry => entry.Fact is ConversationEnded))
            {
                var ended = new JournalEntry(entries.Count + 1, clock.GetUtcNow(), new ConversationEnded("Nobody came back in time.", "gateway"));
                await store.AppendAsync(ownership, [ended], Durability.Flushed, cancellation);
                Ended(ownership.Conversation);
            }
        }
        finally
        {
            await store.ReleaseAsync(ownership, CancellationToken.None);
        }
    }

    [LoggerMessage(1, LogLevel.Information, "Conversation {Conversation} was abandoned, and is ended", EventName = "AbandonedEnded")]
    private partial void Ended(ConversationId conversation);

    [LoggerMessage(2, LogLevel.Warning, "Abandoned conversations could not be ended: {Reason}", EventName = "SweepFailed")]
    private partial void Failed(string reason);
}
