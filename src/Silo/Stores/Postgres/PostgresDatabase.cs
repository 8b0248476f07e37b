using Npgsql;
using Orchestrator.Secrets;
using Polly;
using Polly.Retry;

namespace Orchestrator.Silo.Stores.Postgres;

/// <summary>
/// The cluster's database as one process sees it: connections, the migrated schema, and this process's incarnation. Opened once,
/// before the store and the registry that work with it, and disposed after them.
/// </summary>
public sealed class PostgresDatabase : IAsyncDisposable
{
    private readonly NpgsqlDataSource hosts;
    private readonly TimeProvider clock;
    private readonly ResiliencePipeline retry;

    private PostgresDatabase(PostgresOptions options, NpgsqlConnectionStringBuilder connection, TimeProvider clock)
    {
        Options = options;
        Place = $"{connection.Database} at {connection.Host} as {connection.Username ?? "the system user"}";
        var builder = new NpgsqlDataSourceBuilder(connection.ConnectionString);
        hosts = connection.Host!.Contains(',', StringComparison.Ordinal) ? builder.BuildMultiHost() : builder.Build();
        Source = hosts is NpgsqlMultiHostDataSource several ? several.WithTargetSession(TargetSessionAttributes.ReadWrite) : hosts;
        this.clock = clock;
        retry = Retry(clock).Build();
    }

    /// <summary>Number of this process among all that ever opened the database; higher than that of any before.</summary>
    public long Incarnation { get; private set; }

    /// <summary>Database, hosts and user, for a person to read.</summary>
    public string Place { get; }

    /// <summary>Whether the server may lose what it acknowledged: it runs with <c>fsync = off</c>.</summary>
    public bool IsForgetful { get; private set; }

    /// <summary>Migrations that this process applied at its start.</summary>
    public IReadOnlyList<string> Applied { get; private set; } = [];

    internal PostgresOptions Options { get; }

    internal NpgsqlDataSource Source { get; }

    /// <summary>Waits for the database, checks it and migrates its schema.</summary>
    /// <exception cref="PostgresStartException">It does not answer, refuses us, or is not fit; the message says what to do.</exception>
    public static async Task<PostgresDatabase> OpenAsync(PostgresOptions options, TimeProvider clock, CancellationToken cancellation)
    {
        var database = new PostgresDatabase(options, options.ToConnection(), clock);
        try
        {
            await database.RunAsync(database.PrepareAsync, options.StartPatience, cancellation);
            return database;
        }
        catch (Exception e)
        {
            await database.DisposeAsync();
            throw e is IOException
                ? new PostgresStartException($"The database {database.Place} cannot be used: {e.Message}. {PostgresOptions.Section}:ConnectionString says where it is.", e)
                : e;
        }
    }

    /// <summary>
    /// The keys of a purpose that every process of the cluster shares, for example <c>journal</c> or <c>resumption</c>; the first
    /// who asks makes one.
    /// </summary>
    /// <exception cref="IOException">The database is unavailable.</exception>
    public Task<KeyRing> LoadOrCreateKeysAsync(string purpose, CancellationToken cancellation) =>
        RunAsync((connection, token) => PostgresKeys.LoadOrCreateAsync(connection, purpose, token), Options.Patience, cancellation);

    /// <summary>Closes all connections.</summary>
    public ValueTask DisposeAsync() => hosts.DisposeAsync();

    /// <summary>
    /// Runs something that may be repeated, with back-off while the database is away. It is cancelled when its time is up.
    /// </summary>
    /// <param name="patience">For so long it is tried.</param>
    /// <param name="failed">Told of every try that failed, also of those that are repeated.</param>
    /// <param name="limit">For so long a try that works may go on; by default no longer than the patience.</param>
    /// <exception cref="IOException">It did not succeed in time, or cannot.</exception>
    internal async Task<T> RunAsync<T>(
        Func<NpgsqlConnection, CancellationToken, Task<T>> work,
        TimeSpan patience,
        CancellationToken cancellation,
        Action<Exception>? failed = null,
        TimeSpan? limit = null)
    {
        var begun = clock.GetTimestamp();
        using var late = new CancellationTokenSource(limit ?? patience, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(late.Token, cancellation);
        Exception? last = null;
        try
        {
            var result = await retry.ExecuteAsync(
                async token =>
                {
                    try
                    {
                        await using var connection = await Source.OpenConnectionAsync(token);
                        return await work(connection, token);
                    }
                    catch (Exception failure) when (PostgresFailures.IsOfDatabase(failure) && !token.IsCancellationRequested)
                    {
                        last = failure;
                        Forget(failure);
                        failed?.Invoke(failure);
                        if (clock.GetElapsedTime(begun) >= patience)
                        {
                            await late.CancelAsync();
                        }

                        throw;
                    }
                },
                either.Token);
            // The database's answer came on a thread that also receives audio: what the caller makes of it is not for that one.
            await Task.Yield();
            return result;
        }
        catch (Exception failure) when (PostgresFailures.IsOfDatabase(failure) && !cancellation.IsCancellationRequested)
        {
            last = failure is OperationCanceledException ? last ?? failure : failure;
            throw new IOException(PostgresFailures.Describe(last), last);
        }
    }

    /// <summary>After a switch-over the pool's connections lead to the wrong server.</summary>
    internal void Forget(Exception failure)
    {
        if (PostgresFailures.WasDemoted(failure))
        {
            hosts.Clear();
        }
    }

    internal static ResiliencePipelineBuilder Retry(TimeProvider clock) => new ResiliencePipelineBuilder { TimeProvider = clock }
        .AddRetry(new RetryStrategyOptions
        {
            ShouldHandle = attempt => ValueTask.FromResult(attempt.Outcome.Exception is { } failure
                && PostgresFailures.MayPass(failure) && !attempt.Context.CancellationToken.IsCancellationRequested),
            MaxRetryAttempts = int.MaxValue,
            BackoffType = DelayBackoffType.Exponential,
            Delay = TimeSpan.FromMilliseconds(20),
            MaxDelay = TimeSpan.FromMilliseconds(500),
            UseJitter = true,
        });

    private async Task<bool> PrepareAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        await CheckServerAsync(connection, cancellation);
        Applied = await Migrations.ApplyAsync(connection, cancellation);
        await using var next = new NpgsqlCommand("select nextval('orchestrator.incarnations')", connection);
        Incarnation = (long)(await next.ExecuteScalarAsync(cancellation))!;
        return true;
    }

    private async Task CheckServerAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        const int oldest = 150000;
        await using var ask = new NpgsqlCommand(
            "select current_setting('server_version_num')::int, getdatabaseencoding(), current_setting('synchronous_commit'), current_setting('fsync')", connection);
        await using var answer = await ask.ExecuteReaderAsync(cancellation);
        await answer.ReadAsync(cancellation);
        var wrong = answer.GetInt32(0) < oldest ? $"its version is {answer.GetInt32(0) / 10000}; at least {oldest / 10000} is needed"
            : answer.GetString(1) is not "UTF8" ? $"its encoding is {answer.GetString(1)}; create it with encoding UTF8"
            : answer.GetString(2) is "off" ? "synchronous_commit is off, so it could forget turns that clients were told are safe; set it to on for this role"
            : null;
        IsForgetful = answer.GetString(3) is "off";
        if (wrong is not null)
        {
            throw new PostgresStartException($"The database {Place} cannot be used: {wrong}.");
        }
    }
}
