-- Documents over time: identity, versions, what was skipped and why, and the runs that made revisions.
-- No cascade from projects: it would remove the lease first, and the rest would then be refused by the fence. Removal names each table.

create table documents (
    tenant_id uuid not null,
    project_id uuid not null,
    document_id uuid not null default gen_random_uuid(),
    created_at timestamptz not null default now(),
    primary key (tenant_id, project_id, document_id),
    foreign key (tenant_id, project_id) references projects
);
comment on table documents is 'The identity of a document: it outlives renames, deletion and return. Everything else about it is a version.';

create table document_versions (
    tenant_id uuid not null,
    project_id uuid not null,
    document_id uuid not null,
    version integer not null check (version >= 1),
    content_hash bytea not null,
    path text collate "C" not null check (octet_length(path) between 1 and 1024),
    format text not null,
    title text not null check (length(title) <= 200),
    titled boolean not null,
    commit_sha text collate "C",
    author text,
    committed_at timestamptz,
    revision_from integer not null check (revision_from >= 1),
    revision_to integer check (revision_to > revision_from),
    primary key (tenant_id, project_id, document_id, revision_from),
    foreign key (tenant_id, project_id, document_id) references documents,
    foreign key (tenant_id, content_hash) references blobs
);
comment on table document_versions is 'A temporal table: the row in force at revision r has revision_from <= r and (revision_to is null or r < revision_to). Current: revision_to is null.';
comment on column document_versions.version is 'Counts contents of the document: a new content is a new number; a rename, or a return with the same content, keeps it.';
comment on column document_versions.titled is 'The title stands in the content. Otherwise it is the file name''s, and a rename changes it.';
comment on column document_versions.revision_from is 'The first revision that shows this version.';
comment on column document_versions.revision_to is 'The first revision that shows it no more; null while it is current.';
-- One current document a path, and one current path a document: two invariants. The first also answers every lookup by path.
create unique index document_versions_current_path on document_versions (tenant_id, project_id, path) where revision_to is null;
create unique index document_versions_current on document_versions (tenant_id, project_id, document_id) where revision_to is null;
-- Reading a path as of a revision, and finding the document that last stood at a path when one comes back.
create index document_versions_by_path on document_versions (tenant_id, project_id, path, revision_from desc);
-- Which places still use a content: asked by the foreign key to blobs, by the collection of orphans, and by search.
create index document_versions_by_content on document_versions (tenant_id, content_hash);

create table skipped_files (
    tenant_id uuid not null,
    project_id uuid not null,
    path bytea not null check (octet_length(path) between 1 and 8192),
    reason text not null,
    size bigint,
    git_sha text collate "C",
    revision_from integer not null check (revision_from >= 1),
    revision_to integer check (revision_to > revision_from),
    -- A path of any length is a key by its hash: a btree entry holds at most 2,704 bytes.
    path_hash bytea not null generated always as (sha256(path)) stored,
    primary key (tenant_id, project_id, path_hash, revision_from),
    foreign key (tenant_id, project_id) references projects
);
comment on table skipped_files is 'Files that match the project''s globs and are not mirrored, with the reason. path is bytes: it may not be UTF-8. Temporal like document_versions.';
comment on column skipped_files.git_sha is 'The blob, where its content was the reason: it is not fetched again to find that out.';
comment on column skipped_files.reason is 'Why it is not mirrored: one of the reasons of docs/glossary.md.';
comment on column skipped_files.path_hash is 'SHA-256 of path.';
comment on column skipped_files.revision_from is 'The first revision that skips it for this reason.';
comment on column skipped_files.revision_to is 'The first revision that does not; null while it is skipped.';

create table sync_runs (
    tenant_id uuid not null,
    project_id uuid not null,
    run_id uuid not null default gen_random_uuid(),
    from_commit text collate "C",
    to_commit text collate "C",
    tree_sha text collate "C",
    revision integer,
    outcome text not null check (outcome in ('changed', 'noop', 'failed')),
    added integer not null default 0,
    modified integer not null default 0,
    renamed integer not null default 0,
    deleted integer not null default 0,
    skipped integer not null default 0,
    requests integer not null default 0,
    received_bytes bigint not null default 0,
    milliseconds jsonb not null default '{}',
    fence bigint not null,
    error_code text,
    error_message text,
    started_at timestamptz not null,
    finished_at timestamptz not null,
    primary key (tenant_id, project_id, run_id),
    foreign key (tenant_id, project_id) references projects
);
comment on table sync_runs is 'One row a run that did or tried something; an unchanged poll leaves none. The row of a published commit is written in its transaction.';
comment on column sync_runs.from_commit is 'The commit that was published before.';
comment on column sync_runs.to_commit is 'The commit that the run looked at.';
comment on column sync_runs.tree_sha is 'SHA of its docs tree.';
comment on column sync_runs.revision is 'The revision that is published after the run.';
comment on column sync_runs.milliseconds is 'Wall time by phase: gather, plan, fetch, chunk, apply.';
comment on column sync_runs.fence is 'The fence it wrote under: orders runs beyond any clock.';
comment on column sync_runs.error_code is 'The trouble of a failed run; null otherwise.';
comment on column sync_runs.error_message is 'The same in a sentence.';
-- The last runs of a project.
create index sync_runs_by_time on sync_runs (tenant_id, project_id, started_at desc);
-- From a commit to the newest revision synced at it.
create index sync_runs_by_commit on sync_runs (tenant_id, project_id, to_commit, started_at desc) where outcome <> 'failed';

create table term_stats (
    tenant_id uuid not null,
    project_id uuid not null,
    term_id integer not null,
    document_frequency integer not null,
    primary key (tenant_id, project_id, term_id),
    foreign key (tenant_id, project_id) references projects
) with (fillfactor = 80);
comment on table term_stats is 'In how many chunk places of the project''s published revision a term stands: the idf of BM25. Kept by difference in the publishing transaction.';

comment on column term_stats.term_id is 'Hash of the term: the position in chunks.terms.';
comment on column term_stats.document_frequency is 'Chunk places that hold the term; rows that fell to 0 stay.';

alter table documents enable row level security;
alter table documents force row level security;
create policy tenant_isolation on documents
    using (tenant_id = (select current_tenant())) with check (tenant_id = (select current_tenant()));
create policy project_scope on documents as restrictive to syncd_sync using (project_id = (select current_project()));
alter table document_versions enable row level security;
alter table document_versions force row level security;
create policy tenant_isolation on document_versions
    using (tenant_id = (select current_tenant())) with check (tenant_id = (select current_tenant()));
create policy project_scope on document_versions as restrictive to syncd_sync using (project_id = (select current_project()));
alter table skipped_files enable row level security;
alter table skipped_files force row level security;
create policy tenant_isolation on skipped_files
    using (tenant_id = (select current_tenant())) with check (tenant_id = (select current_tenant()));
create policy project_scope on skipped_files as restrictive to syncd_sync using (project_id = (select current_project()));
alter table sync_runs enable row level security;
alter table sync_runs force row level security;
create policy tenant_isolation on sync_runs
    using (tenant_id = (select current_tenant())) with check (tenant_id = (select current_tenant()));
create policy project_scope on sync_runs as restrictive to syncd_sync using (project_id = (select current_project()));
alter table term_stats enable row level security;
alter table term_stats force row level security;
create policy tenant_isolation on term_stats
    using (tenant_id = (select current_tenant())) with check (tenant_id = (select current_tenant()));
create policy project_scope on term_stats as restrictive to syncd_sync using (project_id = (select current_project()));

create trigger refuse_unfenced before insert or update or delete on documents for each statement execute function refuse_unfenced();
create trigger refuse_unfenced before insert or update or delete on document_versions for each statement execute function refuse_unfenced();
create trigger refuse_unfenced before insert or update or delete on skipped_files for each statement execute function refuse_unfenced();
create trigger refuse_unfenced before insert or update or delete on sync_runs for each statement execute function refuse_unfenced();
create trigger refuse_unfenced before insert or update or delete on term_stats for each statement execute function refuse_unfenced();

grant select, insert, delete on documents to syncd_sync;
grant select, insert, update (revision_to), delete on document_versions, skipped_files to syncd_sync;
grant select, insert, delete on sync_runs to syncd_sync;
grant select, insert, update, delete on term_stats to syncd_sync;
grant select on documents, document_versions, skipped_files, sync_runs, term_stats to syncd_read, syncd_web;
