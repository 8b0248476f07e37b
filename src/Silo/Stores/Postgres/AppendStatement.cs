using Npgsql;
using NpgsqlTypes;

namespace Orchestrator.Silo.Stores.Postgres;

/// <summary>Appends of many conversations as one statement: one round trip, one commit, one verdict each.</summary>
internal static class AppendStatement
{
    /// <remarks>
    /// The fence. <c>locked</c> takes the rows of the conversations and reads their newest committed versions, and the same
    /// statement advances their positions. A claim needs the same row: it waits until this has committed, and its owner then loads
    /// these facts; or it came first, and the epoch no longer matches. So nothing of an old owner's can become visible after a new
    /// owner has loaded, however slow the append is. Rows are taken in the order of ids, and one that somebody else holds is passed
    /// over (<c>busy</c>): two batches can neither deadlock nor wait for one another, and a held row delays nobody but its own
    /// conversation.
    /// </remarks>
    public const string Sql = """
        with incoming as (
          select * from unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bytea[], $6::boolean[])
            with ordinality as i(id, epoch, first, last, digest, ends, ordinal)
        ), locked as materialized (
          select c.id, c.owner, c.incarnation, c.epoch, c.position, c.append_first, c.append_digest
          from orchestrator.conversations c where c.id = any ($1) order by c.id for no key update skip locked
        ), judged as materialized (
          select i.*, coalesce(l.position, 0) as position, case
            when l.id is null and exists (select from orchestrator.conversations c where c.id = i.id) then 4
            when l.id is null or l.owner is null or l.incarnation is distinct from $7 or l.epoch <> i.epoch then 2
            when i.last < i.first or l.position = i.first - 1 then 0
            when l.position = i.last and l.append_first = i.first and l.append_digest = i.digest then 1
            else 3 end as outcome
          from incoming i left join locked l on l.id = i.id
        ), advanced as (
          update orchestrator.conversations c
          set position = j.last, append_first = j.first, append_digest = j.digest, appended_at = now(), ended = c.ended or j.ends
          from judged j where c.id = j.id and j.outcome = 0 and j.last >= j.first
        ), written as (
          insert into orchestrator.facts (conversation, position, at, payload)
          select f.conversation, f.position, f.at, f.payload
          from unnest($8::uuid[], $9::bigint[], $10::timestamptz[], $11::text[]) f(conversation, position, at, payload)
          join judged j on j.id = f.conversation and j.outcome = 0
        )
        select outcome, position from judged order by ordinal
        """;

    /// <param name="batch">At most one append of a conversation.</param>
    /// <returns>A verdict for each, in their order.</returns>
    public static async Task<AppendVerdict[]> ExecuteAsync(
        NpgsqlConnection connection, IReadOnlyList<PendingAppend> batch, long incarnation, CancellationToken cancellation)
    {
        await using var command = Command(connection, batch, incarnation);
        await using var rows = await command.ExecuteReaderAsync(cancellation);
        var verdicts = new AppendVerdict[batch.Count];
        for (var i = 0; i < verdicts.Length; i++)
        {
            await rows.ReadAsync(cancellation);
            verdicts[i] = new AppendVerdict((AppendOutcome)rows.GetInt32(0), rows.GetInt64(1));
        }

        return verdicts;
    }

    private static NpgsqlCommand Command(NpgsqlConnection connection, IReadOnlyList<PendingAppend> batch, long incarnation) => new(Sql, connection)
    {
        Parameters =
        {
            Array(NpgsqlDbType.Uuid, batch.Select(a => a.Conversation.Value)),
            Array(NpgsqlDbType.Bigint, batch.Select(a => a.Ownership.Epoch)),
            Array(NpgsqlDbType.Bigint, batch.Select(a => a.First)),
            Array(NpgsqlDbType.Bigint, batch.Select(a => a.Last)),
            Array(NpgsqlDbType.Bytea, batch.Select(a => a.Digest)),
            Array(NpgsqlDbType.Boolean, batch.Select(a => a.Ends)),
            new() { Value = incarnation },
            Array(NpgsqlDbType.Uuid, batch.SelectMany(a => a.Payloads.Select(_ => a.Conversation.Value))),
            Array(NpgsqlDbType.Bigint, batch.SelectMany(a => a.Payloads.Select((_, i) => a.First + i))),
            Array(NpgsqlDbType.TimestampTz, batch.SelectMany(a => a.Times)),
            Array(NpgsqlDbType.Text, batch.SelectMany(a => a.Payloads)),
        },
    };

    private static NpgsqlParameter Array<T>(NpgsqlDbType type, IEnumerable<T> values) =>
        new() { Value = values.ToArray(), NpgsqlDbType = NpgsqlDbType.Array | type };
}
