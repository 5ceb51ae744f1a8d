-- Content that no version refers to any more: collected a day after it was written.

create function collect_orphans(p_before timestamptz) returns integer
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
    delete from syncd.chunks c
    where c.tenant_id = syncd.current_tenant() and c.created_at < p_before
      and not exists (
          select from syncd.document_chunks p where p.tenant_id = c.tenant_id and p.chunk_hash = c.chunk_hash
      );
    get diagnostics collected = row_count;
    return total + collected;
end
$$;
comment on function collect_orphans(timestamptz) is 'Definer: removes content of the current tenant that was staged before the given time and that nothing refers to. Needs the fence, as every write does.';

grant select on document_versions to syncd_collect;
grant select, delete on blobs, chunks, document_chunks to syncd_collect;
grant delete on links to syncd_collect;
grant select, update on project_leases to syncd_collect;
grant create on schema syncd to syncd_collect;
alter function collect_orphans(timestamptz) owner to syncd_collect;
revoke create on schema syncd from syncd_collect;
revoke all on function collect_orphans(timestamptz) from public;
grant execute on function collect_orphans(timestamptz) to syncd_sync;
