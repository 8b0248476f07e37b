using Npgsql;
using Orchestrator.Cluster;
using Orchestrator.Journal;

namespace Orchestrator.Silo.Stores.Postgres;

/// <summary>Ownership as the rows of conversations record it; see <see cref="IOwnershipDirectory"/>.</summary>
public sealed class PostgresDirectory(PostgresDatabase database, PostgresMetrics metrics) : IOwnershipDirectory
{
    private const string Find = """
        select c.owner, c.incarnation, c.epoch, s.address, coalesce(s.heartbeat_at > clock_timestamp() - $3, false)
        from orchestrator.conversations c
        left join orchestrator.silos s on s.id = c.owner and s.incarnation = c.incarnation
        where c.id = $1 and c.tenant = $2 and c.owner is not null
        """;

    /// <summary>
    /// A row that somebody else holds is in use, or being swept: it is passed over. One that was claimed since the statement began
    /// is judged again as it is now.
    /// </summary>
    private const string Sweep = """
        with abandoned as materialized (
          select c.id from orchestrator.conversations c
          where not c.ended and c.claimed_at < now() - $3 and c.appended_at < now() - $3
            and not exists (
              select from orchestrator.silos s
              where s.id = c.owner and s.incarnation = c.incarnation and s.heartbeat_at > clock_timestamp() - $4)
          order by c.claimed_at limit $5
          for update of c skip locked
        )
        update orchestrator.conversations c
        set owner = $1, incarnation = $2, epoch = c.epoch + 1, claimed_at = now()
        from abandoned a where c.id = a.id
        returning c.tenant, c.id, c.epoch
        """;

    /// <inheritdoc/>
    public async Task<ConversationOwner?> FindOwnerAsync(TenantId tenant, ConversationId conversation, CancellationToken cancellation) =>
        TenantId.IsValid(tenant.Value)
            ? await RunAsync(
                "find_owner",
                async (connection, token) =>
                {
                    await using var command = new NpgsqlCommand(Find, connection)
                    {
                        Parameters = { new() { Value = conversation.Value }, new() { Value = tenant.Value }, new() { Value = database.Options.DeadAfter } },
                    };
                    await using var rows = await command.ExecuteReaderAsync(token);
                    return await rows.ReadAsync(token)
                        ? new ConversationOwner(
                            rows.GetString(0), rows.GetInt64(1), rows.GetInt64(2), rows.IsDBNull(3) ? null : new Uri(rows.GetString(3)), rows.GetBoolean(4))
                        : null;
                },
                cancellation)
            : null;

    /// <inheritdoc/>
    public Task<IReadOnlyList<Ownership>> ClaimAbandonedAsync(
        string owner, TimeSpan window, TimeSpan deadFor, int atMost, CancellationToken cancellation) => RunAsync<IReadOnlyList<Ownership>>(
        "sweep",
        async (connection, token) =>
        {
            await using var command = new NpgsqlCommand(Sweep, connection)
            {
                Parameters =
                {
                    new() { Value = owner },
                    new() { Value = database.Incarnation },
                    new() { Value = window },
                    new() { Value = deadFor },
                    new() { Value = atMost },
                },
            };
            await using var rows = await command.ExecuteReaderAsync(token);
            List<Ownership> claimed = [];
            while (await rows.ReadAsync(token))
            {
                claimed.Add(new Ownership(new TenantId(rows.GetString(0)), new ConversationId(rows.GetGuid(1)), owner, rows.GetInt64(2)));
            }

            return claimed;
        },
        cancellation);

    private Task<T> RunAsync<T>(string operation, Func<NpgsqlConnection, CancellationToken, Task<T>> work, CancellationToken cancellation) =>
        database.RunAsync(work, database.Options.Patience, cancellation, failure => metrics.Failed(operation, failure));
}
