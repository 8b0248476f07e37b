using System.Globalization;
using Npgsql;

namespace Orchestrator.Silo.Stores.Postgres;

/// <summary>
/// Brings the schema <c>orchestrator</c> up to this version: numbered scripts, in one transaction under an advisory lock, so that
/// processes that start together do it once.
/// </summary>
internal static class Migrations
{
    private const string Prefix = "migrations/";

    /// <summary>"orch", as a number: everybody who migrates must take the same lock.</summary>
    private const long LockKey = 0x6f726368;

    /// <summary>All scripts, in order; versions count from 1.</summary>
    public static readonly IReadOnlyList<(int Version, string Name)> All =
    [
        .. typeof(Migrations).Assembly.GetManifestResourceNames()
            .Where(name => name.StartsWith(Prefix, StringComparison.Ordinal))
            .Order(StringComparer.Ordinal)
            .Select(name => (int.Parse(name.AsSpan(Prefix.Length, 3), CultureInfo.InvariantCulture), name[Prefix.Length..])),
    ];

    /// <summary>The schema that this process works with.</summary>
    public static int Latest => All[^1].Version;

    /// <summary>Applies what is missing, and nothing when nothing is: then no right to create is needed.</summary>
    /// <returns>Names of the applied scripts.</returns>
    /// <exception cref="PostgresStartException">A newer version has migrated this database.</exception>
    public static async Task<IReadOnlyList<string>> ApplyAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        await RunAsync(connection, $"select pg_advisory_xact_lock({LockKey})", cancellation);
        if (await AskAsync<bool>(connection, "select to_regclass('orchestrator.migrations') is null", cancellation))
        {
            await RunAsync(
                connection,
                """
                create schema if not exists orchestrator;
                create table orchestrator.migrations (version integer primary key, name text not null, applied_at timestamptz not null default now());
                """,
                cancellation);
        }

        var present = await AskAsync<int>(connection, "select coalesce(max(version), 0) from orchestrator.migrations", cancellation);
        if (present > Latest)
        {
            throw new PostgresStartException(
                $"The database has schema {present}, and this version of Orchestrator knows schemas up to {Latest}: a newer version has been here. Run that one, or restore a backup from before it.");
        }

        var missing = All.Where(m => m.Version > present).ToList();
        foreach (var (version, name) in missing)
        {
            await RunAsync(connection, Script(name), cancellation);
            await using var record = new NpgsqlCommand("insert into orchestrator.migrations (version, name) values ($1, $2)", connection)
            {
                Parameters = { new() { Value = version }, new() { Value = name } },
            };
            await record.ExecuteNonQueryAsync(cancellation);
        }

        await transaction.CommitAsync(cancellation);
        return [.. missing.Select(m => m.Name)];
    }

    internal static string Script(string name)
    {
        using var reader = new StreamReader(typeof(Migrations).Assembly.GetManifestResourceStream(Prefix + name)!);
        return reader.ReadToEnd();
    }

    private static async Task RunAsync(NpgsqlConnection connection, string sql, CancellationToken cancellation)
    {
        // No time limit of its own: the wait for the lock is as long as another process's migration.
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 0 };
        await command.ExecuteNonQueryAsync(cancellation);
    }

    private static async Task<T> AskAsync<T>(NpgsqlConnection connection, string sql, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        return (T)(await command.ExecuteScalarAsync(cancellation))!;
    }
}
