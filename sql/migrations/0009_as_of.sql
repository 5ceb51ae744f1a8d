-- Reading as of a revision: one predicate for the newest revision and for any before it.

-- What ended after a revision; nothing has ended after the newest. Also which versions a range of revisions closed.
create index document_versions_by_end on document_versions (tenant_id, project_id, revision_to) where revision_to is not null;
-- Which versions a range of revisions opened.
create index document_versions_by_begin on document_versions (tenant_id, project_id, revision_from);

-- Two halves, so that each has its index: reading the newest revision costs no more for a long history.
-- With + 0 the first half has no use for document_versions_by_begin, which would lead it through closed versions too.
-- Plain SQL, neither strict nor with settings: only so is it planned as a part of the query that calls it.
create function versions_at(p_project_id uuid, p_revision integer) returns setof document_versions
    language sql stable as $$
    select v.tenant_id, v.project_id, v.document_id, v.version, v.content_hash, v.path, v.format, v.title, v.titled, v.commit_sha, v.author,
           v.committed_at, v.revision_from, v.revision_to
    from syncd.document_versions v
    where v.project_id = p_project_id and v.revision_to is null and v.revision_from + 0 <= p_revision
    union all
    select v.tenant_id, v.project_id, v.document_id, v.version, v.content_hash, v.path, v.format, v.title, v.titled, v.commit_sha, v.author,
           v.committed_at, v.revision_from, v.revision_to
    from syncd.document_versions v
    where v.project_id = p_project_id and v.revision_to > p_revision and v.revision_from <= p_revision
$$;
comment on function versions_at(uuid, integer) is 'The versions of a project in force at a revision: the documents that a reader of that revision sees.';
revoke all on function versions_at(uuid, integer) from public;
grant execute on function versions_at(uuid, integer) to syncd_read, syncd_web;

-- From a revision to the commit that it was last seen at.
create index sync_runs_by_revision on sync_runs (tenant_id, project_id, revision, started_at desc) where outcome <> 'failed';
