-- Content by hash: what a revision refers to. May be staged ahead of the transaction that publishes it; nothing refers to it until then.

create table blobs (
    tenant_id uuid not null references tenants,
    content_hash bytea not null check (octet_length(content_hash) = 32),
    git_sha text collate "C" not null check (git_sha ~ '^[0-9a-f]{40}$'),
    size integer not null check (size >= 0),
    lines integer not null check (lines >= 0),
    encoding text not null,
    text text not null,
    bytes bytea,
    created_at timestamptz not null default now(),
    primary key (tenant_id, content_hash),
    check ((encoding = 'utf-8') = (bytes is null))
);
comment on table blobs is 'Content by (tenant, SHA-256). A rename or a revert stores nothing.';
comment on column blobs.bytes is 'The exact bytes, where they are not simply the UTF-8 of text (byte order mark, UTF-16, cp1252).';
-- A listing names blobs by git SHA; this finds those we have.
create index blobs_by_git_sha on blobs (tenant_id, git_sha);

create table chunks (
    tenant_id uuid not null references tenants,
    chunk_hash bytea not null check (octet_length(chunk_hash) = 32),
    header text not null,
    body text not null,
    format text not null,
    chunker_version integer not null,
    tokens integer not null,
    term_ids integer[] not null,
    created_at timestamptz not null default now(),
    primary key (tenant_id, chunk_hash)
);
comment on column chunks.term_ids is 'The search terms, ascending: what document frequencies are counted from.';
comment on table chunks is 'What is searched, by SHA-256 of (header, body, format, chunker version). Immutable: an unchanged chunk is never tokenised again.';
comment on column chunks.chunker_version is 'Which rules cut it: another version is another chunk.';

-- The weights of the terms: one sparse vector of BM25 impacts where pgvector is, else an array beside the ids.
do $$
begin
    if exists (select from pg_extension where extname = 'vector') then
        alter table chunks add column terms sparsevec(1000000000) not null;
        comment on column chunks.terms is 'BM25 impacts (term frequency part) by term id; a query multiplies them with its idf weights.';
    else
        alter table chunks add column impacts real[] not null;
        comment on column chunks.impacts is 'BM25 impacts (term frequency part), at the same places as term_ids.';
    end if;
end
$$;
-- Scores are computed from every row's terms: kept in line and uncompressed where they fit, the scan reads nothing else.
do $$
begin
    if exists (select from pg_extension where extname = 'vector') then
        alter table chunks alter column terms set storage main;
    end if;
end
$$;

create table document_chunks (
    tenant_id uuid not null,
    content_hash bytea not null,
    format text not null,
    title text not null,
    chunker_version integer not null,
    ordinal integer not null check (ordinal >= 0),
    chunk_hash bytea not null,
    titled boolean not null,
    headings text[] not null,
    anchor text,
    line_from integer not null check (line_from >= 1),
    line_to integer not null check (line_to >= line_from),
    char_from integer not null check (char_from >= 0),
    char_to integer not null check (char_to > char_from),
    primary key (tenant_id, content_hash, format, title, chunker_version, ordinal),
    foreign key (tenant_id, content_hash) references blobs on delete cascade,
    foreign key (tenant_id, chunk_hash) references chunks
);
comment on table document_chunks is 'Where a chunk stands in a content: heading trail, anchor, lines (from 1, both ends included), characters (half open). The places of one content tile its text.';
comment on column document_chunks.titled is 'The title stands in the content; a rename then needs no new layout.';
comment on column document_chunks.chunker_version is 'Which rules cut the content: layouts of two versions stand side by side until the older one is collected.';
comment on column document_chunks.headings is 'The trail of headings down to this place.';
comment on column document_chunks.line_from is 'First line, counted from 1.';
comment on column document_chunks.line_to is 'Last line, included.';
comment on column document_chunks.char_from is 'Where it begins in the text, in characters from 0.';
comment on column document_chunks.char_to is 'Where it ends, not included.';
-- From a scored chunk to its places; also what the foreign key to chunks asks when orphans are collected.
create index document_chunks_by_chunk on document_chunks (tenant_id, chunk_hash);

create table links (
    tenant_id uuid not null,
    content_hash bytea not null,
    format text not null,
    ordinal integer not null check (ordinal >= 0),
    line integer not null,
    target text not null,
    text text not null,
    primary key (tenant_id, content_hash, format, ordinal),
    foreign key (tenant_id, content_hash) references blobs on delete cascade
);
comment on table links is 'Links as written in a content. Resolved by path and revision when read.';

alter table blobs enable row level security;
alter table blobs force row level security;
create policy tenant_isolation on blobs
    using (tenant_id = (select current_tenant())) with check (tenant_id = (select current_tenant()));
alter table chunks enable row level security;
alter table chunks force row level security;
create policy tenant_isolation on chunks
    using (tenant_id = (select current_tenant())) with check (tenant_id = (select current_tenant()));
alter table document_chunks enable row level security;
alter table document_chunks force row level security;
create policy tenant_isolation on document_chunks
    using (tenant_id = (select current_tenant())) with check (tenant_id = (select current_tenant()));
alter table links enable row level security;
alter table links force row level security;
create policy tenant_isolation on links
    using (tenant_id = (select current_tenant())) with check (tenant_id = (select current_tenant()));

create trigger refuse_unfenced before insert or update or delete on blobs for each statement execute function refuse_unfenced();
create trigger refuse_unfenced before insert or update or delete on chunks for each statement execute function refuse_unfenced();
create trigger refuse_unfenced before insert or update or delete on document_chunks for each statement execute function refuse_unfenced();
create trigger refuse_unfenced before insert or update or delete on links for each statement execute function refuse_unfenced();

grant select, insert, delete on blobs, chunks, document_chunks, links to syncd_sync;
grant select on blobs, chunks, document_chunks, links to syncd_read, syncd_web;
