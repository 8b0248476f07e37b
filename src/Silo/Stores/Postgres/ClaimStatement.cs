using Npgsql;

namespace Orchestrator.Silo.Stores.Postgres;

/// <summary>Takes a conversation's row for a new owner, within bounded time, and gives it back.</summary>
internal static class ClaimStatement
{
    /// <summary>
    /// The setting is made inside the statement, so that a claim is one round trip and nothing of it stays with the connection.
    /// </summary>
    private const string Patience = "with patience as materialized (select set_config('lock_timeout', $5, true) as set)";

    private const string Create = Patience + """
         insert into orchestrator.conversations as c (id, tenant, owner, incarnation)
        select $1, $2, $3, $4 from patience where set is not null
        on conflict (id) do update
        set owner = excluded.owner, incarnation = excluded.incarnation, epoch = c.epoch + 1, claimed_at = now()
        where c.tenant = excluded.tenant
        returning c.epoch
        """;

    private const string Take = Patience + """
         update orchestrator.conversations c
        set owner = $3, incarnation = $4, epoch = c.epoch + 1, claimed_at = now()
        from patience where set is not null and c.id = $1 and c.tenant = $2
        returning c.epoch
        """;

    /// <summary>A row that is locked, or changed by an uncommitted transaction, names that transaction in xmax.</summary>
    private const string CutOff = """
        select count(pg_terminate_backend(l.pid))::int
        from orchestrator.conversations c
        join pg_locks l on l.locktype = 'transactionid' and l.granted and l.transactionid = c.xmax
        where c.id = $1 and l.pid <> pg_backend_pid()
        """;

    private const string Release = "update orchestrator.conversations set owner = null, incarnation = null where id = $1 and epoch = $2 and incarnation = $3";

    /// <returns>The new epoch; null when there is no such conversation for the tenant.</returns>
    public static async Task<long?> ExecuteAsync(
        NpgsqlConnection connection,
        TenantId tenant,
        ConversationId conversation,
        (string Silo, long Incarnation) owner,
        bool mustExist,
        TimeSpan patience,
        CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(mustExist ? Take : Create, connection)
        {
            Parameters =
            {
                new() { Value = conversation.Value },
                new() { Value = tenant.Value },
                new() { Value = owner.Silo },
                new() { Value = owner.Incarnation },
                new() { Value = $"{(int)patience.TotalMilliseconds}" },
            },
        };
        return (long?)await command.ExecuteScalarAsync(cancellation);
    }

    /// <summary>Leaves the conversation without an owner, if the epoch is still the newest.</summary>
    public static async Task<int> ReleaseAsync(
        NpgsqlConnection connection, ConversationId conversation, long epoch, long incarnation, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(Release, connection)
        {
            Parameters = { new() { Value = conversation.Value }, new() { Value = epoch }, new() { Value = incarnation } },
        };
        return await command.ExecuteNonQueryAsync(cancellation);
    }

    /// <summary>Ends the connection of whoever holds the row. Its append, if it was one, has not happened; if its owner is alive, it repeats it.</summary>
    public static async Task<int> CutOffAsync(NpgsqlConnection connection, ConversationId conversation, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(CutOff, connection) { Parameters = { new() { Value = conversation.Value } } };
        return (int)(await command.ExecuteScalarAsync(cancellation))!;
    }
}
