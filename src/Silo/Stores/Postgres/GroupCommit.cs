using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Npgsql;
using Polly;

namespace Orchestrator.Silo.Stores.Postgres;

/// <summary>
/// Commits appends of many conversations together: what became ready while a commit was under way goes into the next one. A
/// failed commit is tried again with back-off, for as long as somebody waits for one of its appends; that its outcome is unknown
/// does no harm, because a repetition is recognised.
/// </summary>
internal sealed partial class GroupCommit : IAsyncDisposable
{
    /// <summary>While one commit waits for the disk, the next one is already on its way.</summary>
    private const int Writers = 2;

    private const int MostAppends = 512;
    private const long MostBytes = 1 << 20;
    private static readonly TimeSpan BusyDelay = TimeSpan.FromMilliseconds(5);

    private readonly PostgresDatabase database;
    private readonly TimeProvider clock;
    private readonly PostgresMetrics metrics;
    private readonly ILogger logger;
    private readonly ResiliencePipeline retry;
    private readonly CancellationTokenSource stopping = new();

    // Bounded by the conversations of the silo: each has one append under way.
    private readonly Channel<PendingAppend> waiting = Channel.CreateUnbounded<PendingAppend>();
    private readonly Task[] writers;

    public GroupCommit(PostgresDatabase database, TimeProvider clock, PostgresMetrics metrics, ILogger logger)
    {
        this.database = database;
        this.clock = clock;
        this.metrics = metrics;
        this.logger = logger;
        retry = PostgresDatabase.Retry(clock).Build();
        writers = [.. Enumerable.Range(0, Writers).Select(_ => Task.Run(WriteAsync))];
    }

    /// <exception cref="IOException">Not committed in time, or whether it was is unknown; the same append may be repeated.</exception>
    public async Task<AppendVerdict> AppendAsync(PendingAppend append, CancellationToken cancellation)
    {
        metrics.Began();
        var outcome = "unavailable";
        try
        {
            if (!waiting.Writer.TryWrite(append))
            {
                throw new IOException("The store is closed.");
            }

            var verdict = await append.Done.WaitAsync(database.Options.Patience, clock, cancellation);
            outcome = JsonName(verdict.Outcome);
            return verdict;
        }
        catch (TimeoutException late)
        {
            throw new IOException($"The database did not commit within {database.Options.Patience.TotalSeconds:0.#} s.", late);
        }
        finally
        {
            append.Abandon();
            metrics.Ended(outcome);
        }
    }

    /// <summary>Commits what was handed in, as far as the database lets it.</summary>
    public async ValueTask DisposeAsync()
    {
        if (waiting.Writer.TryComplete())
        {
            stopping.CancelAfter(database.Options.Patience);
            await Task.WhenAll(writers);
            stopping.Dispose();
        }
    }

    private async Task WriteAsync()
    {
        var batch = new List<PendingAppend>();
        var conversations = new HashSet<ConversationId>();
        while (await waiting.Reader.WaitToReadAsync())
        {
            batch.Clear();
            conversations.Clear();
            long bytes = 0;
            while (batch.Count < MostAppends && bytes < MostBytes && waiting.Reader.TryRead(out var append))
            {
                if (append.IsAbandoned)
                {
                    continue;
                }

                if (!conversations.Add(append.Conversation))
                {
                    // Its owner gave the one before up without knowing what became of it, and repeats it.
                    Postpone(append);
                    break;
                }

                batch.Add(append);
                bytes += append.Bytes;
            }

            if (batch.Count > 0)
            {
                await CommitAsync(batch);
            }
        }
    }

    private async Task CommitAsync(List<PendingAppend> batch)
    {
        try
        {
            await retry.ExecuteAsync(async token => await TryAsync(batch, token), stopping.Token);
        }
        catch (PostgresException refused) when (batch.Count > 1 && IsAboutItsContent(refused))
        {
            // One of them is what the database cannot take; the others must not suffer for it.
            foreach (var half in batch.Chunk((batch.Count + 1) / 2))
            {
                await CommitAsync([.. half]);
            }
        }
        catch (Exception failure) when (PostgresFailures.IsOfDatabase(failure))
        {
            foreach (var append in batch)
            {
                append.Fail(new IOException(PostgresFailures.Describe(failure), failure));
            }
        }
        catch (Exception bug)
        {
            // The writer goes on: without it no conversation of this silo could commit any more.
            CommitBroke(bug);
            foreach (var append in batch)
            {
                append.Fail(new IOException("The append could not be written.", bug));
            }
        }
    }

    private async Task TryAsync(List<PendingAppend> batch, CancellationToken cancellation)
    {
        batch.RemoveAll(append => append.IsAbandoned);
        if (batch.Count == 0)
        {
            return;
        }

        var begun = clock.GetTimestamp();
        try
        {
            await using var connection = await database.Source.OpenConnectionAsync(cancellation);
            var verdicts = await AppendStatement.ExecuteAsync(connection, batch, database.Incarnation, cancellation);
            metrics.Committed(clock.GetElapsedTime(begun), batch.Count);
            foreach (var (append, verdict) in batch.Zip(verdicts))
            {
                if (verdict.Outcome == AppendOutcome.Busy)
                {
                    Postpone(append);
                }
                else
                {
                    append.Complete(verdict);
                }
            }
        }
        catch (Exception failure) when (PostgresFailures.IsOfDatabase(failure))
        {
            metrics.CommitFailed(clock.GetElapsedTime(begun), failure);
            database.Forget(failure);
            CommitFailed(batch.Count, PostgresFailures.Describe(failure));
            throw;
        }
    }

    /// <summary>Puts it back in a moment; whoever holds the row is a claim, and done by then.</summary>
    private async void Postpone(PendingAppend append)
    {
        await Task.Delay(BusyDelay, clock);
        if (!waiting.Writer.TryWrite(append))
        {
            append.Fail(new IOException("The store is closed."));
        }
    }

    private static bool IsAboutItsContent(PostgresException refused) => refused.SqlState[..2] is "22" or "23" or "54";

    private static string JsonName(AppendOutcome outcome) => outcome switch
    {
        AppendOutcome.Appended => "appended",
        AppendOutcome.Repeated => "repeated",
        AppendOutcome.Fenced => "fenced",
        _ => "misplaced",
    };

    [LoggerMessage(1, LogLevel.Warning, "A commit of {Appends} appends failed and is tried again: {Reason}", EventName = "CommitFailed")]
    private partial void CommitFailed(int appends, string reason);

    [LoggerMessage(2, LogLevel.Error, "A commit broke", EventName = "CommitBroke")]
    private partial void CommitBroke(Exception bug);
}
