-- What a database needs before its first migration: the schema, its owner, and pgvector where the server has it.
do $$
begin
    if not exists (select from pg_namespace where nspname = 'syncd') then
        create schema syncd authorization syncd_owner;
    end if;
    grant usage on schema syncd to syncd_sync, syncd_web, syncd_read, syncd_auth, syncd_queue, syncd_collect, syncd_account, syncd_search;
    -- Exact BM25 in SQL needs the type sparsevec (pgvector 0.7.0). Without it search reads arrays: same ranking, slower.
    if exists (
        select from pg_available_extensions
        where name = 'vector' and string_to_array(default_version, '.')::int[] >= array[0, 7, 0]
    ) and not exists (select from pg_extension where extname = 'vector') then
        begin
            create extension vector with schema public;
        exception when insufficient_privilege then
            raise notice 'pgvector is available, but this login may not create it; search uses arrays';
        end;
    end if;
    -- One index by tenant and term needs btree_gin; without it the index is by term alone.
    if exists (select from pg_available_extensions where name = 'btree_gin') and not exists (select from pg_extension where extname = 'btree_gin') then
        begin
            create extension btree_gin with schema public;
        exception when insufficient_privilege then
            raise notice 'btree_gin is available, but this login may not create it; search looks past other tenants'' chunks';
        end;
    end if;
end
$$;
