using Npgsql;
using NpgsqlTypes;
using Orchestrator.Cluster;
using Orchestrator.Journal;

namespace Orchestrator.Silo.Stores.Postgres;

/// <summary>Silos as rows of the table <c>silos</c>; see <see cref="ISiloRegistry"/>.</summary>
public sealed class PostgresRegistry(PostgresDatabase database, PostgresMetrics metrics) : ISiloRegistry
{
    /// <summary>Rows of silos that have been dead for so long are taken away by whoever registers.</summary>
    private const string ForgottenAfter = "7 days";

    /// <inheritdoc/>
    public async Task<long> RegisterAsync(string silo, Uri address, CancellationToken cancellation)
    {
        var registered = await RunAsync(
            "register",
            $"""
            with forgotten as (delete from orchestrator.silos where heartbeat_at < now() - interval '{ForgottenAfter}' and id <> $1)
            insert into orchestrator.silos as s (id, incarnation, address) values ($1, $2, $3)
            on conflict (id) do update
            set incarnation = excluded.incarnation, address = excluded.address, registered_at = now(), heartbeat_at = now(),
                conversations = 0, memory_bytes = 0, accepting = false, drain_requested = false
            where s.incarnation <= excluded.incarnation
            """,
            async (command, token) => await command.ExecuteNonQueryAsync(token),
            cancellation,
            new() { Value = silo },
            new() { Value = database.Incarnation },
            new() { Value = address.AbsoluteUri });
        return registered > 0
            ? database.Incarnation
            : throw new InvalidOperationException($"A process that started later than this one is registered as the silo {silo}.");
    }

    /// <inheritdoc/>
    public Task<HeartbeatAnswer> HeartbeatAsync(string silo, SiloLoad load, IReadOnlyCollection<Ownership> held, CancellationToken cancellation) => RunAsync(
        "heartbeat",
        """
        with beat as (
          update orchestrator.silos set heartbeat_at = now(), conversations = $3, memory_bytes = $4, accepting = $5
          where id = $1 and incarnation = $2 returning drain_requested
        ), lost as (
          select h.id from unnest($6::uuid[], $7::bigint[]) h(id, epoch)
          left join orchestrator.conversations c on c.id = h.id
          where c.id is null or c.epoch <> h.epoch or c.incarnation is distinct from $2
        )
        select (select drain_requested from beat), array(select id from lost)
        """,
        async (command, token) =>
        {
            await using var answer = await command.ExecuteReaderAsync(token);
            await answer.ReadAsync(token);
            var lost = answer.GetFieldValue<Guid[]>(1).ToHashSet();
            return new HeartbeatAnswer(
                answer.IsDBNull(0) ? SiloStanding.Replaced : SiloStanding.Current,
                !answer.IsDBNull(0) && answer.GetBoolean(0),
                [.. held.Where(h => lost.Contains(h.Conversation.Value))]);
        },
        cancellation,
        new() { Value = silo },
        new() { Value = database.Incarnation },
        new() { Value = load.Conversations },
        new() { Value = load.MemoryBytes },
        new() { Value = load.Accepting },
        new() { Value = held.Select(h => h.Conversation.Value).ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Uuid },
        new() { Value = held.Select(h => h.Epoch).ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bigint });

    /// <inheritdoc/>
    public Task<IReadOnlyList<SiloRecord>> ListAliveAsync(CancellationToken cancellation) => RunAsync<IReadOnlyList<SiloRecord>>(
        "list_silos",
        """
        select id, incarnation, address, clock_timestamp() - heartbeat_at, conversations, memory_bytes, accepting, drain_requested
        from orchestrator.silos where heartbeat_at > clock_timestamp() - $1 order by id
        """,
        async (command, token) =>
        {
            await using var rows = await command.ExecuteReaderAsync(token);
            List<SiloRecord> silos = [];
            while (await rows.ReadAsync(token))
            {
                silos.Add(new SiloRecord(
                    rows.GetString(0),
                    rows.GetInt64(1),
                    new Uri(rows.GetString(2)),
                    rows.GetTimeSpan(3),
                    new SiloLoad(rows.GetInt32(4), rows.GetInt64(5), rows.GetBoolean(6)),
                    rows.GetBoolean(7)));
            }

            return silos;
        },
        cancellation,
        new NpgsqlParameter { Value = database.Options.DeadAfter });

    /// <inheritdoc/>
    public async Task<bool> RequestDrainAsync(string silo, CancellationToken cancellation) => await RunAsync(
        "drain",
        "update orchestrator.silos set drain_requested = true where id = $1",
        async (command, token) => await command.ExecuteNonQueryAsync(token),
        cancellation,
        new NpgsqlParameter { Value = silo }) > 0;

    /// <inheritdoc/>
    public Task LeaveAsync(string silo, CancellationToken cancellation) => RunAsync(
        "leave",
        "delete from orchestrator.silos where id = $1 and incarnation = $2",
        async (command, token) => await command.ExecuteNonQueryAsync(token),
        cancellation,
        new() { Value = silo },
        new() { Value = database.Incarnation });

    private Task<T> RunAsync<T>(
        string operation, string sql, Func<NpgsqlCommand, CancellationToken, Task<T>> ask, CancellationToken cancellation, params NpgsqlParameter[] parameters) =>
        database.RunAsync(
            async (connection, token) =>
            {
                await using var command = new NpgsqlCommand(sql, connection);
                command.Parameters.AddRange(parameters.Select(p => p.Clone()).ToArray());
                return await ask(command, token);
            },
            database.Options.Patience,
            cancellation,
            failure => metrics.Failed(operation, failure));
}
