-- Who owns which conversation, and what happened in it.

create sequence if not exists orchestrator.incarnations;

-- fillfactor: every append updates its conversation's row; with room on the page, and no index on what changes, the
-- update stays on the page and leaves the indexes alone.
create table if not exists orchestrator.conversations (
    id            uuid        primary key,
    tenant        text        not null,
    owner         text,                               -- silo; null when nobody owns it
    incarnation   bigint,                             -- of that silo's process
    epoch         bigint      not null default 1,     -- one more with every claim
    position      bigint      not null default 0,     -- of the last fact
    append_first  bigint      not null default 0,     -- first position of the last append, and what it said:
    append_digest bytea,                              -- by these a repeated append is known
    ended         boolean     not null default false,
    created_at    timestamptz not null default now(),
    claimed_at    timestamptz not null default now(),
    appended_at   timestamptz not null default now()
) with (fillfactor = 70);

create index if not exists conversations_of_tenant on orchestrator.conversations (tenant, id);

-- For the sweep and for retention. Not on appended_at, which every append changes.
create index if not exists conversations_open on orchestrator.conversations (claimed_at) where not ended;

-- No reference to conversations: it would lock their rows once more for every fact, and stand in the way of partitions.
-- payload is text: jsonb refuses \u0000 and lone surrogates, both of which clients may send.
create table if not exists orchestrator.facts (
    conversation uuid        not null,
    position     bigint      not null,
    at           timestamptz not null,
    payload      text        not null,
    primary key (conversation, position)
);
