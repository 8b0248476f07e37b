using Microsoft.Extensions.Logging;
using Npgsql;
using NpgsqlTypes;
using Orchestrator.Journal;
using Orchestrator.Secrets;

namespace Orchestrator.Silo.Stores.Postgres;

/// <summary>
/// Conversations in PostgreSQL, shared by all silos of a cluster. An epoch is one more with every claim; an append is accepted
/// only with the newest, and only from the process that claimed it (<see cref="PostgresDatabase.Incarnation"/>).
/// </summary>
/// <remarks>
/// Both kinds of <see cref="Durability"/> are a commit that the server has flushed. A silo outlives a server that crashes and is
/// back within seconds, and goes on from the positions that it knows: what it was told is written must not be missing then.
/// </remarks>
public sealed partial class PostgresStore : IConversationStore, IAsyncDisposable
{
    private static readonly TimeSpan LoadLimit = TimeSpan.FromMinutes(2);

    private readonly PostgresDatabase database;
    private readonly PostgresMetrics metrics;
    private readonly ILogger<PostgresStore> logger;
    private readonly GroupCommit commits;
    private volatile KeyedCodec keyed;

    /// <param name="database">Open, and not disposed by the store.</param>
    /// <param name="keys">The shared ring of purpose <see cref="KeyPurpose"/>.</param>
    public PostgresStore(PostgresDatabase database, KeyRing keys, TimeProvider clock, PostgresMetrics metrics, ILogger<PostgresStore> logger)
    {
        this.database = database;
        this.metrics = metrics;
        this.logger = logger;
        keyed = new KeyedCodec(keys);
        commits = new GroupCommit(database, clock, metrics, logger);
        if (database.IsForgetful)
        {
            Forgetful(database.Place);
        }
    }

    /// <summary>Purpose of the keys that seal upstream handles.</summary>
    public const string KeyPurpose = "journal";

    /// <inheritdoc/>
    public async Task<Ownership> ClaimAsync(TenantId tenant, ConversationId conversation, string owner, bool mustExist, CancellationToken cancellation)
    {
        if (!TenantId.IsValid(tenant.Value))
        {
            throw new ConversationNotFoundException(conversation);
        }

        var epoch = await RunAsync(
            "claim",
            async (connection, token) =>
            {
                try
                {
                    return await ClaimStatement.ExecuteAsync(
                        connection, tenant, conversation, (owner, database.Incarnation), mustExist, database.Options.CutOffAfter, token);
                }
                catch (PostgresException held) when (PostgresFailures.IsLocked(held))
                {
                    // A frozen or cut-off owner in the middle of an append: it must not hold the conversation for ever.
                    var cut = await ClaimStatement.CutOffAsync(connection, conversation, token);
                    HolderCutOff(conversation, cut);
                    throw;
                }
            },
            cancellation);
        return epoch is { } newest ? new Ownership(tenant, conversation, owner, newest) : throw new ConversationNotFoundException(conversation);
    }

    /// <inheritdoc/>
    public async Task<LoadedJournal> LoadAsync(TenantId tenant, ConversationId conversation, CancellationToken cancellation) =>
        new(await ReadAfterAsync(tenant, conversation, after: 0, cancellation), TornBytes: 0);

    /// <inheritdoc/>
    public async Task<IReadOnlyList<JournalEntry>> ReadAfterAsync(TenantId tenant, ConversationId conversation, long after, CancellationToken cancellation)
    {
        if (!TenantId.IsValid(tenant.Value))
        {
            throw new ConversationNotFoundException(conversation);
        }

        var used = keyed;
        var entries = await ReadAsync(used, tenant, conversation, after, cancellation);
        if (entries.Exists(e => e.Fact is UnreadableFact { StoredType: "checkpointTaken" }) && await RefreshKeysAsync(used, cancellation))
        {
            entries = await ReadAsync(keyed, tenant, conversation, after, cancellation);
        }

        return entries;
    }

    /// <inheritdoc/>
    public async Task AppendAsync(Ownership ownership, IReadOnlyList<JournalEntry> entries, Durability durability, CancellationToken cancellation)
    {
        var verdict = await commits.AppendAsync(new PendingAppend(ownership, entries, keyed.Codec), cancellation);
        switch (verdict.Outcome)
        {
            case AppendOutcome.Fenced:
                throw new OwnershipLostException(ownership.Conversation, ownership.Epoch);
            case AppendOutcome.Misplaced:
                throw new ArgumentException($"Position {verdict.Position + 1} follows, not {entries[0].Position}.", nameof(entries));
        }
    }

    /// <inheritdoc/>
    public async Task ReleaseAsync(Ownership ownership, CancellationToken cancellation)
    {
        try
        {
            await RunAsync(
                "release",
                (connection, token) => ClaimStatement.ReleaseAsync(connection, ownership.Conversation, ownership.Epoch, database.Incarnation, token),
                cancellation);
        }
        catch (IOException failure)
        {
            NotReleased(ownership.Conversation, failure.Message);
        }
    }

    /// <inheritdoc/>
    public Task<IReadOnlyList<ConversationId>> ListAsync(TenantId tenant, ConversationId? before, int limit, CancellationToken cancellation) =>
        TenantId.IsValid(tenant.Value)
            ? RunAsync("list", (connection, token) => ListAsync(connection, tenant, before, limit, token), cancellation)
            : Task.FromResult<IReadOnlyList<ConversationId>>([]);

    /// <summary>Null when the database takes writes; otherwise the reason why it does not.</summary>
    public async Task<string?> ProbeAsync()
    {
        try
        {
            return await RunAsync(
                "probe",
                async (connection, token) =>
                {
                    await using var ask = new NpgsqlCommand("select pg_is_in_recovery()", connection);
                    return (bool)(await ask.ExecuteScalarAsync(token))! ? $"the database {database.Place} is a standby" : null;
                },
                CancellationToken.None);
        }
        catch (IOException failure)
        {
            return $"the database {database.Place} is unavailable: {failure.Message}";
        }
    }

    /// <summary>Commits what was handed in, and takes no more.</summary>
    public ValueTask DisposeAsync() => commits.DisposeAsync();

    private static async Task<IReadOnlyList<ConversationId>> ListAsync(
        NpgsqlConnection connection, TenantId tenant, ConversationId? before, int limit, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(
            "select id from orchestrator.conversations where tenant = $1 and ($2::uuid is null or id < $2) order by id desc limit $3", connection)
        {
            Parameters =
            {
                new() { Value = tenant.Value },
                new() { Value = before is { } bound ? bound.Value : DBNull.Value, NpgsqlDbType = NpgsqlDbType.Uuid },
                new() { Value = limit },
            },
        };
        await using var rows = await command.ExecuteReaderAsync(cancellation);
        List<ConversationId> ids = [];
        while (await rows.ReadAsync(cancellation))
        {
            ids.Add(new ConversationId(rows.GetGuid(0)));
        }

        return ids;
    }

    private Task<List<JournalEntry>> ReadAsync(KeyedCodec with, TenantId tenant, ConversationId conversation, long after, CancellationToken cancellation) =>
        database.RunAsync(
            (connection, token) => StoredJournal.ReadAsync(connection, with.Codec, tenant, conversation, after, token),
            database.Options.Patience,
            cancellation,
            failure => metrics.Failed("load", failure),
            LoadLimit);

    /// <summary>Another process may have begun to seal with a key that was added since.</summary>
    private async Task<bool> RefreshKeysAsync(KeyedCodec used, CancellationToken cancellation)
    {
        var now = await database.LoadOrCreateKeysAsync(KeyPurpose, cancellation);
        if (used.Keys.HasAllOf(now))
        {
            return false;
        }

        keyed = new KeyedCodec(now);
        return true;
    }

    private Task<T> RunAsync<T>(string operation, Func<NpgsqlConnection, CancellationToken, Task<T>> work, CancellationToken cancellation) =>
        database.RunAsync(work, database.Options.Patience, cancellation, failure => metrics.Failed(operation, failure));

    [LoggerMessage(3, LogLevel.Warning, "Conversation {Conversation} was locked for too long by somebody else's transaction; {Cut} of them were ended so that it can be claimed", EventName = "HolderCutOff")]
    private partial void HolderCutOff(ConversationId conversation, int cut);

    [LoggerMessage(4, LogLevel.Warning, "The database {Place} runs with fsync = off: a crash of its machine loses turns that clients were told are safe", EventName = "ForgetfulDatabase")]
    private partial void Forgetful(string place);

    [LoggerMessage(5, LogLevel.Warning, "Conversation {Conversation} could not be given up: {Reason}. Whoever claims it next gets it all the same", EventName = "NotReleased")]
    private partial void NotReleased(ConversationId conversation, string reason);

    private sealed record KeyedCodec(KeyRing Keys)
    {
        public JournalCodec Codec { get; } = new(new SecretBox(Keys));
    }
}
