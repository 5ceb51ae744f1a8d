-- Orphans are looked for in time whatever the planner believes of tables that have just grown.

create or replace function collect_orphans(p_before timestamptz) returns integer
    language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    collected integer;
    total integer := 0;
    oldest integer;
    newest integer;
begin
    -- A content is in use while any version of any project of the tenant, current or closed, has its hash.
    delete from syncd.blobs b
    where b.tenant_id = syncd.current_tenant() and b.created_at < p_before
      and not exists (
          select from syncd.document_versions v where v.tenant_id = b.tenant_id and v.content_hash = b.content_hash
      );
    get diagnostics collected = row_count;
    total := total + collected;
    -- Layouts are compared with each other only where two chunkers have been at work: with the statistics of a table that was
    -- small a moment ago, the comparison was planned row by row, and thousands of documents took longer than a statement may.
    select min(p.chunker_version), max(p.chunker_version) into oldest, newest
    from syncd.document_chunks p
    where p.tenant_id = syncd.current_tenant();
    if oldest < newest then
        delete from syncd.document_chunks p
        using syncd.chunks c
        where p.tenant_id = syncd.current_tenant() and p.chunker_version < newest
          and c.tenant_id = p.tenant_id and c.chunk_hash = p.chunk_hash and c.created_at < p_before
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
    end if;
    delete from syncd.chunks c
    where c.tenant_id = syncd.current_tenant() and c.created_at < p_before
      and not exists (
          select from syncd.document_chunks p where p.tenant_id = c.tenant_id and p.chunk_hash = c.chunk_hash
      );
    get diagnostics collected = row_count;
    return total + collected;
end
$$;
