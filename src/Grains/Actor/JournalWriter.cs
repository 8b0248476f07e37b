using Microsoft.Extensions.Logging;
using Orchestrator.Journal;

namespace Orchestrator.Grains.Actor;

/// <summary>
/// Appends facts in order, off the mailbox: what is ready while a write is under way goes into the next one.
/// A write that fails is tried again until it succeeds or the conversation gives up; one that cannot succeed ends it at once.
/// </summary>
internal sealed partial class JournalWriter(
    IConversationStore store,
    Ownership ownership,
    TimeProvider clock,
    ILogger logger,
    Action<IReadOnlyList<JournalEntry>> durable,
    Action ownershipLost) : IFactJournal
{
    private static readonly TimeSpan RetryAfter = TimeSpan.FromMilliseconds(250);

    private readonly Lock _gate = new();
    private readonly CancellationTokenSource _givenUp = new();
    private List<JournalEntry> _next = [];
    private Durability _nextDurability;
    private Task _writing = Task.CompletedTask;
    private bool _busy;

    public void Append(JournalEntry entry, Durability durability)
    {
        lock (_gate)
        {
            _next.Add(entry);
            _nextDurability = durability > _nextDurability ? durability : _nextDurability;
            if (!_busy)
            {
                _busy = true;
                _writing = Task.Run(WriteAsync);
            }
        }
    }

    public async Task FinishAsync(TimeSpan patience)
    {
        Task writing;
        lock (_gate)
        {
            writing = _writing;
        }

        try
        {
            await writing.WaitAsync(patience, clock);
        }
        catch (TimeoutException)
        {
            await _givenUp.CancelAsync();
            await writing;
        }
    }

    private async Task WriteAsync()
    {
        while (true)
        {
            List<JournalEntry> batch;
            Durability durability;
            lock (_gate)
            {
                if (_next.Count == 0 || _givenUp.IsCancellationRequested)
                {
                    _busy = false;
                    return;
                }

                (batch, _next) = (_next, []);
                (durability, _nextDurability) = (_nextDurability, Durability.Written);
            }

            if (await TryWriteAsync(batch, durability))
            {
                durable(batch);
            }
        }
    }

    private async Task<bool> TryWriteAsync(List<JournalEntry> batch, Durability durability)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await store.AppendAsync(ownership, batch, durability, CancellationToken.None);
                return true;
            }
            catch (OwnershipLostException)
            {
                await _givenUp.CancelAsync();
                ownershipLost();
                return false;
            }
            catch (ArgumentException misplaced)
            {
                // The journal is not what this activation takes it for, and no later try changes that: whoever goes on folds it anew.
                FactsRefused(misplaced, ownership.Conversation, batch.Count);
                await _givenUp.CancelAsync();
                ownershipLost();
                return false;
            }
            catch (Exception failure)
            {
                // Whatever it is, the facts are not durable, nobody has been told that they are, and a later try may succeed.
                AppendFailed(ownership.Conversation, attempt, $"{failure.GetType().Name}: {failure.Message}");
            }

            try
            {
                await Task.Delay(RetryAfter, clock, _givenUp.Token);
            }
            catch (OperationCanceledException) when (_givenUp.IsCancellationRequested)
            {
                FactsLost(ownership.Conversation, batch.Count);
                return false;
            }
        }
    }

    [LoggerMessage(1, LogLevel.Warning, "Journal of {Conversation} could not be written (try {Attempt}): {Message}", EventName = "AppendFailed")]
    private partial void AppendFailed(ConversationId conversation, int attempt, string message);

    [LoggerMessage(2, LogLevel.Error, "Journal of {Conversation} was given up with {Facts} facts unwritten; none of them was acknowledged to the client", EventName = "FactsLost")]
    private partial void FactsLost(ConversationId conversation, int facts);

    [LoggerMessage(3, LogLevel.Error, "Journal of {Conversation} does not take {Facts} facts; the conversation goes on from what is written", EventName = "FactsRefused")]
    private partial void FactsRefused(Exception bug, ConversationId conversation, int facts);
}
