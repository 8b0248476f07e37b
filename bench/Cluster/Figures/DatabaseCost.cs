using System.Globalization;
using Orchestrator.Testing;

namespace Orchestrator.Bench.Cluster.Figures;

/// <summary>What the database has done so far, as it counts itself.</summary>
internal sealed record DatabaseCost(long Commits, long Facts, long PayloadBytes, long TableBytes, long WalBytes, long Connections, IReadOnlyList<string> Kinds)
{
    private const string Sql = """
        select (select xact_commit from pg_stat_database where datname = current_database()), count(*), coalesce(sum(length(payload)), 0),
            pg_total_relation_size('orchestrator.facts'), pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::bigint,
            (select count(*) from pg_stat_activity where datname = current_database())
        from orchestrator.facts
        """;

    private const string ByKind = "select payload::json ->> 'type', count(*), avg(length(payload))::int from orchestrator.facts group by 1 order by 2 desc";

    public static async Task<DatabaseCost> OfAsync(ClusterWorld world)
    {
        var row = (await world.SqlAsync(Sql))[0].Split('|').Select(text => long.Parse(text, CultureInfo.InvariantCulture)).ToArray();
        return new DatabaseCost(row[0], row[1], row[2], row[3], row[4], row[5], await world.SqlAsync(ByKind));
    }

    public void Print(DatabaseCost before, TimeSpan lasted, int conversations)
    {
        var (facts, minutes) = (Facts - before.Facts, lasted.TotalMinutes * conversations);
        Console.WriteLine();
        Console.WriteLine($"Journal: {facts} facts in {minutes:0} conversation-minutes: {facts / minutes:0.0} facts per conversation-minute, {facts / lasted.TotalSeconds:0} per second; {(Commits - before.Commits) / lasted.TotalSeconds:0} commits per second with heartbeats and look-ups.");
        Console.WriteLine($"Bytes per fact: {(PayloadBytes - before.PayloadBytes) / (double)facts:0} of payload, {(TableBytes - before.TableBytes) / (double)facts:0} in the table with its index, {(WalBytes - before.WalBytes) / (double)facts:0} of WAL. Connections: {Connections}.");
        Console.WriteLine($"Kinds (kind, facts, bytes): {string.Join("; ", Kinds.Select(kind => kind.Replace("|", " ", StringComparison.Ordinal)))}.");
    }
}
