-- Candidates of a search: which chunks of a tenant hold some of a query's terms, and what they score. Row-level security lets no index on an array
-- be used (its operators are not leakproof), so this one question is asked by a definer function; its answers are joined back under row-level security.

-- From a term to the chunks that hold it. A short pending list: every search reads all of it.
do $$
begin
    if exists (select from pg_extension where extname = 'btree_gin') then
        create index chunks_by_term on chunks using gin (tenant_id, term_ids) with (gin_pending_list_limit = 512);
    else
        -- Without btree_gin the terms of all tenants stand together: the same answers, read past other tenants' rows.
        create index chunks_by_term on chunks using gin (term_ids) with (gin_pending_list_limit = 512);
    end if;
end
$$;

create policy search_any_chunk on chunks for select to syncd_search using (true);
grant select on chunks to syncd_search;

-- What differs is how impacts are read: a sparse vector of pgvector, or arrays. Arguments and answers are the same.
do $$
declare
    vectors text := (select quote_ident(n.nspname) from pg_extension e join pg_namespace n on n.oid = e.extnamespace where e.extname = 'vector');
    has_vectors boolean := exists (select from pg_attribute where attrelid = 'chunks'::regclass and attname = 'terms' and not attisdropped);
    scored text := '(select sum(i.impact::float8 * q.weight) from unnest(c.term_ids, c.impacts) as i (term_id, impact)'
                   ' join unnest($4, $5) as q (term_id, weight) on q.term_id = i.term_id)';
    asked text := 't.term_id';
    impact text := 'coalesce(c.impacts[array_position(c.term_ids, asked.term)], 0)';
begin
    if has_vectors then
        scored := format('-(c.terms operator(%1$s.<#>) $3::%1$s.sparsevec)', vectors);
        asked := format('(''{'' || t.term_id || '':1}/1000000000'')::%1$s.sparsevec', vectors);
        impact := format('(-(c.terms operator(%1$s.<#>) asked.term))::real', vectors);
    end if;
    execute format($outer$
        create function search_candidates(
            p_lookup integer[], p_every boolean, p_terms integer[], p_weights real[], p_limit integer, p_scan_limit integer
        ) returns table (chunk_hash bytea, score float8)
            language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $body$
        declare
            -- sparsevec wants its elements by rising index.
            query text := '{' || (select string_agg(w.term_id || ':' || w.weight, ',' order by w.term_id)
                                  from unnest(p_terms, p_weights) as w (term_id, weight)) || '}/1000000000';
        begin
            -- Words that stand nearly everywhere: a sample of about so many chunks is looked at instead of all.
            perform set_config('gin_fuzzy_search_limit', p_scan_limit::text, true);
            -- Planned for these terms: a rare one wants the index, one that stands everywhere does not.
            return query execute format($query$
                with scored as (
                    select c.chunk_hash, (%s)::float8 as score
                    from syncd.chunks c
                    where c.tenant_id = $1 and c.term_ids %%s $2
                )
                select scored.chunk_hash, scored.score
                from scored
                where scored.score > 0
                order by scored.score desc, scored.chunk_hash
                limit $6
            $query$, case when p_every then '@>' else '&&' end)
            using syncd.current_tenant(), p_lookup, query, p_terms, p_weights, p_limit;
        end
        $body$
    $outer$, scored);
    execute format($outer$
        create function list_impacts(p_hashes bytea[], p_terms integer[]) returns table (chunk_hash bytea, impacts real[])
            language sql stable as $body$
            with asked as materialized (
                select t.n, %2$s as term from unnest(p_terms) with ordinality as t (term_id, n)
            )
            select c.chunk_hash, array(select %1$s from asked order by asked.n)
            from syncd.chunks c
            where c.tenant_id = (select syncd.current_tenant()) and c.chunk_hash = any(p_hashes)
        $body$
    $outer$, impact, asked);
end
$$;
comment on function search_candidates(integer[], boolean, integer[], real[], integer, integer) is
    'Definer: the chunks of the current tenant that hold any (or every) of the looked-up terms, best first, with their BM25 score. Hashes and numbers only: what they stand for is read under row-level security.';
comment on function list_impacts(bytea[], integer[]) is 'The impact of each of these terms in each of these chunks, in the order of the terms.';
grant create on schema syncd to syncd_search;
alter function search_candidates(integer[], boolean, integer[], real[], integer, integer) owner to syncd_search;
revoke create on schema syncd from syncd_search;
revoke all on function search_candidates(integer[], boolean, integer[], real[], integer, integer), list_impacts(bytea[], integer[]) from public;
grant execute on function search_candidates(integer[], boolean, integer[], real[], integer, integer), list_impacts(bytea[], integer[]) to syncd_read;
