using System.Globalization;
using Orchestrator.Testing;

namespace Orchestrator.Bench.Cluster.Figures;

/// <summary>
/// Writes down, inside the database and independently of the product, which process claimed a conversation and which appended a
/// fact: a fact by another than the newest owner is a stale write.
/// </summary>
internal sealed class WriteWitness
{
    private const string Install = """
        create schema witness;
        create table witness.log (n bigserial primary key, conversation uuid not null, who text, claim boolean not null);
        create index on witness.log (conversation, n) where claim;
        create function witness.append() returns trigger language plpgsql as
            $$ begin insert into witness.log (conversation, who, claim) select conversation, current_setting('application_name'), false from fresh; return null; end $$;
        create function witness.claim() returns trigger language plpgsql as
            $$ begin insert into witness.log (conversation, who, claim) values (new.id, new.owner, true); return null; end $$;
        create trigger witness_append after insert on orchestrator.facts referencing new table as fresh for each statement execute function witness.append();
        create trigger witness_claim after insert or update of epoch on orchestrator.conversations for each row execute function witness.claim();
        """;

    private const string Stale = """
        select count(*) from witness.log f where not claim and who is distinct from
            (select c.who from witness.log c where c.claim and c.conversation = f.conversation and c.n < f.n order by c.n desc limit 1)
        """;

    private readonly ClusterWorld _world;

    private WriteWitness(ClusterWorld world) => _world = world;

    public static async Task<WriteWitness> InstallAsync(ClusterWorld world)
    {
        await world.SqlAsync(Install);
        return new WriteWitness(world);
    }

    public Task<long> StaleAsync() => CountAsync(Stale);

    public Task<long> WritesAsync() => CountAsync("select count(*) from witness.log where not claim");

    private async Task<long> CountAsync(string sql) => long.Parse((await _world.SqlAsync(sql))[0], CultureInfo.InvariantCulture);
}
