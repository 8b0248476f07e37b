using System.Security.Cryptography;
using Npgsql;
using NpgsqlTypes;
using Orchestrator.Secrets;

namespace Orchestrator.Silo.Stores.Postgres;

/// <summary>Key rings in the table <c>keys</c>: one for all processes of the cluster.</summary>
internal static class PostgresKeys
{
    public static async Task<KeyRing> LoadOrCreateAsync(NpgsqlConnection connection, string purpose, CancellationToken cancellation)
    {
        if (await LoadAsync(connection, purpose, cancellation) is { } ring)
        {
            return ring;
        }

        // Two processes may be here at once: one of their keys is stored, and both use that one.
        await using var create = new NpgsqlCommand("insert into orchestrator.keys (purpose, id, key) values ($1, 1, $2) on conflict do nothing", connection)
        {
            Parameters = { new() { Value = purpose }, new() { Value = RandomNumberGenerator.GetBytes(KeyRing.KeyBytes) } },
        };
        await create.ExecuteNonQueryAsync(cancellation);
        return (await LoadAsync(connection, purpose, cancellation))!;
    }

    private static async Task<KeyRing?> LoadAsync(NpgsqlConnection connection, string purpose, CancellationToken cancellation)
    {
        await using var load = new NpgsqlCommand("select id, key from orchestrator.keys where purpose = $1", connection)
        {
            Parameters = { new() { Value = purpose, NpgsqlDbType = NpgsqlDbType.Text } },
        };
        await using var rows = await load.ExecuteReaderAsync(cancellation);
        List<(byte, byte[])> keys = [];
        while (await rows.ReadAsync(cancellation))
        {
            keys.Add(((byte)rows.GetInt16(0), rows.GetFieldValue<byte[]>(1)));
        }

        return keys.Count > 0 ? KeyRing.Of(keys) : null;
    }
}
