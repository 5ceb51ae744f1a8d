-- Which layout a version is read by: a new chunker cuts contents anew in the background, and readers see each version by a complete layout.

-- The default is for daemons of the release before, which know one chunker and do not name it.
alter table document_versions add column chunker_version integer not null default 1 check (chunker_version >= 1);
comment on column document_versions.chunker_version is 'Which layout of the content this version is read by: moved on, with title and titled, when the content was cut anew.';
-- What is still to be cut anew; empty nearly always.
alter table projects add column chunker_version integer not null default 1 check (chunker_version >= 1);
comment on column projects.chunker_version is 'No version of the project is read by an older layout: what says whether there is something to cut anew.';

drop trigger refuse_unfenced on projects;
create trigger refuse_unfenced before update of revision, synced_commit, tree_sha, source_mark, selection_hash, synced_docs_path, synced_at, documents, chunks,
    skipped, chunker_version on projects for each statement execute function refuse_unfenced();

grant update (chunker_version, title, titled) on document_versions to syncd_sync;
grant update (chunker_version) on projects to syncd_sync;
grant select (chunker_version) on projects to syncd_read;

-- As it was, with the column that a row of the table has more.
create or replace function versions_at(p_project_id uuid, p_revision integer) returns setof document_versions
    language sql stable as $$
    select v.tenant_id, v.project_id, v.document_id, v.version, v.content_hash, v.path, v.format, v.title, v.titled, v.commit_sha, v.author,
           v.committed_at, v.revision_from, v.revision_to, v.chunker_version
    from syncd.document_versions v
    where v.project_id = p_project_id and v.revision_to is null and v.revision_from + 0 <= p_revision
    union all
    select v.tenant_id, v.project_id, v.document_id, v.version, v.content_hash, v.path, v.format, v.title, v.titled, v.commit_sha, v.author,
           v.committed_at, v.revision_from, v.revision_to, v.chunker_version
    from syncd.document_versions v
    where v.project_id = p_project_id and v.revision_to > p_revision and v.revision_from <= p_revision
$$;

-- A layout that a newer one took the place of goes with the orphans, once no version of any project is read by it.
create or replace function collect_orphans(p_before timestamptz) returns integer
    language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    collected integer;
    total integer := 0;
begin
    -- A content is in use while any version of any project of the tenant, current or closed, has its hash.
    delete from syncd.blobs b
    where b.tenant_id = syncd.current_tenant() and b.created_at < p_before
      and not exists (
          select from syncd.document_versions v where v.tenant_id = b.tenant_id and v.content_hash = b.content_hash
      );
    get diagnostics collected = row_count;
    total := total + collected;
    delete from syncd.document_chunks p
    using syncd.chunks c
    where p.tenant_id = syncd.current_tenant() and c.tenant_id = p.tenant_id and c.chunk_hash = p.chunk_hash and c.created_at < p_before
      and exists (
          select from syncd.document_chunks n
          where n.tenant_id = p.tenant_id and n.content_hash = p.content_hash and n.format = p.format and n.chunker_version > p.chunker_version
      )
      and not exists (
          select from syncd.document_versions v
          where v.tenant_id = p.tenant_id and v.content_hash = p.content_hash and v.format = p.format and v.title = p.title
            and v.chunker_version = p.chunker_version
      );
    get diagnostics collected = row_count;
    total := total + collected;
    delete from syncd.chunks c
    where c.tenant_id = syncd.current_tenant() and c.created_at < p_before
      and not exists (
          select from syncd.document_chunks p where p.tenant_id = c.tenant_id and p.chunk_hash = c.chunk_hash
      );
    get diagnostics collected = row_count;
    return total + collected;
end
$$;
