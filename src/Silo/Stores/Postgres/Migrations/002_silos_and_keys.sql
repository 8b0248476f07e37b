-- Silos, by their heartbeats, and the keys that every process of the cluster shares.

create table if not exists orchestrator.silos (
    id              text        primary key,
    incarnation     bigint      not null,
    address         text        not null,
    registered_at   timestamptz not null default now(),
    heartbeat_at    timestamptz not null default now(),
    conversations   integer     not null default 0,
    memory_bytes    bigint      not null default 0,
    accepting       boolean     not null default false,
    drain_requested boolean     not null default false
) with (fillfactor = 50);

create table if not exists orchestrator.keys (
    purpose    text        not null,
    id         smallint    not null check (id between 0 and 255),
    key        bytea       not null check (length(key) = 32),
    created_at timestamptz not null default now(),
    primary key (purpose, id)
);
