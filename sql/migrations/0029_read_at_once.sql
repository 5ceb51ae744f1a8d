-- The commonest question of an agent, what a document says, is answered by one statement: entering the tenant is its first step. As plain
-- statements it was seven round trips, which cost the server more than everything else that it does for the answer.

create function read_document(
    p_tenant_id uuid, p_allowed uuid[], p_project text, p_paths text[], p_versions integer[], p_places boolean, p_characters integer
) returns table (
    project_id uuid, name text, source text, repository text, branch text, synced_docs_path text, condition text, reason text, message text,
    hint text, next_try_at timestamptz, checked_at timestamptz, desired_commit text, revision integer, newest_revision integer,
    synced_commit text, synced_at timestamptz, documents integer, chunks integer, skipped integer, holder text, acquired_at timestamptz,
    is_frozen boolean, frozen_by text, frozen_at timestamptz, freeze_until timestamptz, freeze_reason text,
    document_id uuid, path text, format text, title text, version integer, content_hash bytea, git_sha text, size integer, lines integer,
    commit_sha text, author text, committed_at timestamptz, revision_from integer, revision_to integer, chunker_version integer,
    body text, places jsonb, reading integer
)
    -- Planned once for any arguments: each step is by a key, and planning costs many times what running does.
    language plpgsql set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
begin
    -- Local to the transaction, which is this statement's where none is open: nothing of it is left for whoever has the connection next.
    perform set_config('syncd.tenant', p_tenant_id::text, true);
    return query
    select p.project_id, p.name, p.source, p.repository, p.branch, p.synced_docs_path, p.condition, p.reason, p.message, p.hint, p.next_try_at,
           p.checked_at, p.desired_commit, p.revision, p.revision, p.synced_commit, p.synced_at, p.documents, p.chunks, p.skipped, l.holder,
           l.acquired_at, coalesce(l.freeze_id is not null and (l.freeze_until is null or l.freeze_until > now()), false), l.frozen_by,
           l.frozen_at, l.freeze_until, l.freeze_reason,
           d.document_id, d.path, d.format, d.title, d.version, d.content_hash, b.git_sha, b.size, b.lines, d.commit_sha, d.author,
           d.committed_at, d.revision_from, d.revision_to, d.chunker_version, b.text,
           case when p_places or length(b.text) > p_characters then (
               select jsonb_agg(jsonb_build_array(c.headings, c.anchor, c.line_from, c.line_to) order by c.ordinal)
               from syncd.document_chunks c
               where c.tenant_id = p.tenant_id and c.content_hash = d.content_hash and c.format = d.format and c.title = d.title
                 and c.chunker_version = d.chunker_version
           ) end,
           d.reading
    from syncd.projects p
    join syncd.project_leases l on l.tenant_id = p.tenant_id and l.project_id = p.project_id
    cross join lateral (
        select found.*, r.place::integer as reading
        from unnest(p_paths, p_versions) with ordinality as r (path, version, place)
        cross join lateral (
            select v.*
            from syncd.versions_at(p.project_id, p.revision) v
            where r.version is null and v.path = r.path
            union all
            (
                select v.*
                from syncd.document_versions v
                where v.tenant_id = p.tenant_id and v.project_id = p.project_id and v.version = r.version and v.revision_from <= p.revision
                  and v.document_id = (
                      select s.document_id
                      from syncd.document_versions s
                      where s.tenant_id = p.tenant_id and s.project_id = p.project_id and s.path = r.path and s.revision_from <= p.revision
                      order by s.revision_from desc
                      limit 1
                  )
                order by v.revision_from desc
                limit 1
            )
        ) as found
        order by r.place
        limit 1
    ) as d
    join syncd.blobs b on b.tenant_id = p.tenant_id and b.content_hash = d.content_hash
    where p.name = p_project and p.removed_at is null and (p_allowed is null or p.project_id = any(p_allowed));
end
$$;
comment on function read_document(uuid, uuid[], text, text[], integer[], boolean, integer) is
    'What stands at the first of some readings of an id, newest or in a version, for one tenant: it enters the tenant itself.';
revoke all on function read_document(uuid, uuid[], text, text[], integer[], boolean, integer) from public;
grant execute on function read_document(uuid, uuid[], text, text[], integer[], boolean, integer) to syncd_read;
