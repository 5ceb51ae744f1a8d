-- Vectors of chunks, made in the background where an operator has chosen a model, and how far they are.

create table chunk_vectors (
    tenant_id uuid not null,
    chunk_hash bytea not null,
    model text collate "C" not null,
    passage smallint not null check (passage >= 0),
    primary key (tenant_id, chunk_hash, model, passage),
    foreign key (tenant_id, chunk_hash) references chunks on delete cascade
);
comment on table chunk_vectors is 'Vectors of chunks by model, one a passage: a chunk is as near to a query as its nearest passage. Made of immutable text, and gone with it.';
comment on column chunk_vectors.model is 'The key of the model: vectors of two models are never compared.';
comment on column chunk_vectors.passage is 'Which passage of the chunk, from 0.';

-- Without pgvector nothing is written here: the column only keeps the schema one.
do $$
begin
    if exists (select from pg_extension where extname = 'vector') then
        alter table chunk_vectors add column embedding halfvec not null;
    else
        alter table chunk_vectors add column embedding real[] not null;
    end if;
end
$$;
-- In line and uncompressed where it fits: a search reads every vector, and nothing else.
alter table chunk_vectors alter column embedding set storage main;
comment on column chunk_vectors.embedding is 'Length 1. Any dimension, the same one for a model.';

create table project_embeddings (
    tenant_id uuid not null,
    project_id uuid not null,
    model text collate "C" not null,
    dimensions integer check (dimensions >= 1),
    revision integer not null default 0 check (revision >= 0),
    chunker_version integer not null default 0,
    chunks integer not null default 0 check (chunks >= 0),
    embedded integer not null default 0 check (embedded >= 0),
    completed_at timestamptz,
    reason text,
    message text,
    claim uuid,
    claimed_until timestamptz,
    updated_at timestamptz not null,
    primary key (tenant_id, project_id, model),
    foreign key (tenant_id, project_id) references projects on delete cascade
);
comment on table project_embeddings is 'How far the vectors of a project''s published revision are, by model, and who is making them.';
comment on column project_embeddings.model is 'The key of the model, as in chunk_vectors.';
comment on column project_embeddings.dimensions is 'How long its vectors are; null until there is one.';
comment on column project_embeddings.revision is 'The revision that chunks and embedded were counted at.';
comment on column project_embeddings.chunker_version is 'The chunker that had cut the project then.';
comment on column project_embeddings.embedded is 'How many of the chunks have vectors.';
comment on column project_embeddings.completed_at is 'When all of them had, for the first time: from then on searches use this model.';
comment on column project_embeddings.reason is 'What hinders the work, by the code of an error; null when nothing does.';
comment on column project_embeddings.message is 'The same in a sentence.';
comment on column project_embeddings.claim is 'Drawn by the daemon that works on it; a write without it is not made.';
comment on column project_embeddings.claimed_until is 'When the claim of a daemon that died is free again.';
comment on column project_embeddings.updated_at is 'When it was last worked on.';

alter table chunk_vectors enable row level security;
alter table chunk_vectors force row level security;
create policy tenant_isolation on chunk_vectors
    using (tenant_id = (select current_tenant())) with check (tenant_id = (select current_tenant()));
alter table project_embeddings enable row level security;
alter table project_embeddings force row level security;
create policy tenant_isolation on project_embeddings
    using (tenant_id = (select current_tenant())) with check (tenant_id = (select current_tenant()));
create policy project_scope on project_embeddings as restrictive to syncd_sync using (project_id = (select current_project()));

grant select, insert, delete on chunk_vectors to syncd_sync;
grant select, insert, update, delete on project_embeddings to syncd_sync;
grant select on chunk_vectors to syncd_read, syncd_web;
grant select on project_embeddings to syncd_read, syncd_web;

-- Sums for who runs the installation, and nothing of anybody's.
create policy measure_any_embedding on project_embeddings for select to syncd_queue using (true);
grant select on project_embeddings to syncd_queue;
create function measure_embeddings() returns table (chunks bigint, embedded bigint, hindered bigint)
    language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select coalesce(sum(e.chunks), 0)::bigint,
           coalesce(sum(e.embedded), 0)::bigint,
           count(*) filter (where e.reason is not null)
    from (
        select distinct on (p.tenant_id, p.project_id) p.chunks, p.embedded, p.reason
        from syncd.project_embeddings p
        order by p.tenant_id, p.project_id, p.updated_at desc
    ) as e
$$;
comment on function measure_embeddings() is 'Definer: of the projects of all tenants whose chunks are embedded, how many chunks have vectors of the model that was last worked on, and how many projects something hinders.';
grant create on schema syncd to syncd_queue;
alter function measure_embeddings() owner to syncd_queue;

-- Agents' logins do not see tenants; whose text may be sent to a model is told by name.
create function get_own_name() returns text
    language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select t.name from syncd.tenants t where t.tenant_id = syncd.current_tenant()
$$;
comment on function get_own_name() is 'Definer: what the tenant of this transaction is called.';
grant select on tenants to syncd_queue;
alter function get_own_name() owner to syncd_queue;
revoke create on schema syncd from syncd_queue;
revoke all on function measure_embeddings(), get_own_name() from public;
grant execute on function measure_embeddings() to syncd_web;
grant execute on function get_own_name() to syncd_read;
