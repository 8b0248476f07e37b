-- Deletes conversations whose last fact is older than that, oldest first, at most so many at a time; says how many.
-- Ended ones, and those that nobody owns. Call it until it says 0:
--   select orchestrator.delete_conversations(interval '30 days', 1000);

create or replace function orchestrator.delete_conversations(older_than interval, at_most integer)
returns integer language plpgsql as $$
declare
    doomed uuid[];
begin
    if older_than < interval '3 hours' then
        raise exception 'older_than must be at least 3 hours: a conversation may still be resumed';
    end if;

    -- Ids begin with the time of birth, so the primary key leads to the oldest. A locked row is in use.
    select coalesce(array_agg(id), '{}') into doomed from (
        select c.id from orchestrator.conversations c
        where c.appended_at < now() - older_than and c.claimed_at < now() - older_than
          and (c.ended or c.owner is null
               or not exists (select from orchestrator.silos s where s.id = c.owner and s.incarnation = c.incarnation))
        order by c.id limit at_most
        for update of c skip locked) old;

    delete from orchestrator.facts where conversation = any (doomed);
    delete from orchestrator.conversations where id = any (doomed);
    return cardinality(doomed);
end $$;
