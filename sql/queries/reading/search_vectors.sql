-- Which chunk places of projects $4, each at its revision of $5, with a path from its $6 up to, not including, its $7, are nearest to the query
-- (vector $2 of model $1)? They are chosen from the nearest $3 passages of the tenant; $8 and $9: patterns of paths and of bodies; $10: phrases.
-- At most $11 places; candidates counts the passages that they are from.
with passages as materialized (
    select v.chunk_hash,
           case when vector_dims(v.embedding) = vector_dims($2::text::halfvec) then v.embedding <#> $2::text::halfvec end as distance
    from chunk_vectors v
    where v.tenant_id = (select current_tenant())
      and v.model = $1
    order by distance
    limit $3
), candidates as materialized (
    select n.chunk_hash,
           -min(n.distance) as score
    from passages n
    where n.distance is not null
    group by n.chunk_hash
), placed as (
    select v.project_id,
           v.document_id,
           p.content_hash,
           p.format,
           v.path,
           p.title,
           v.version,
           v.commit_sha,
           p.chunker_version,
           p.chunk_hash,
           p.ordinal,
           p.headings,
           p.anchor,
           p.line_from,
           p.line_to,
           p.char_from,
           p.char_to,
           k.score
    from candidates k
    -- From the few candidates to their places, as in search_chunks.
    cross join lateral (
        select d.content_hash,
               d.format,
               d.title,
               d.chunker_version,
               d.chunk_hash,
               d.ordinal,
               d.headings,
               d.anchor,
               d.line_from,
               d.line_to,
               d.char_from,
               d.char_to
        from document_chunks d
        where d.tenant_id = (select current_tenant())
          and d.chunk_hash = k.chunk_hash
        offset 0
    ) as p
    cross join lateral (
        select n.project_id,
               n.document_id,
               n.path,
               n.version,
               n.commit_sha,
               n.revision_from,
               n.revision_to
        from document_versions n
        where n.tenant_id = (select current_tenant())
          and n.content_hash = p.content_hash
          and n.format = p.format
          and n.title = p.title
          and n.chunker_version = p.chunker_version
        offset 0
    ) as v
    join unnest($4::uuid[], $5::integer[], $6::text[], $7::text[]) as s (project_id, revision, path_from, path_to) on s.project_id = v.project_id
    where v.path >= s.path_from
      and v.path < s.path_to
      and v.revision_from <= s.revision
      and (v.revision_to is null or v.revision_to > s.revision)
      and not exists (
          select
          from unnest($8::text[]) as pattern
          where v.path !~ pattern
      )
      and (
          cardinality($9::text[]) + cardinality($10::text[]) = 0
          or exists (
              select
              from chunks c
              where c.tenant_id = (select current_tenant())
                and c.chunk_hash = p.chunk_hash
                and not exists (
                    select
                    from unnest($9::text[]) as pattern
                    where concat(c.header, e'\n', c.body) !~* pattern
                )
                and not exists (
                    select
                    from unnest($10::text[]) as phrase
                    where position(lower(phrase) in lower(regexp_replace(c.body, '\s+', ' ', 'g'))) = 0
                )
          )
      )
    order by k.score desc,
             v.project_id,
             v.path,
             p.ordinal
    limit $11
)
select looked.candidates,
       placed.project_id,
       placed.document_id,
       placed.content_hash,
       placed.format,
       placed.path,
       placed.title,
       placed.version,
       placed.commit_sha,
       placed.chunker_version,
       placed.chunk_hash,
       placed.ordinal,
       placed.headings,
       placed.anchor,
       placed.line_from,
       placed.line_to,
       placed.char_from,
       placed.char_to,
       placed.score
from (select count(*)::integer as candidates from passages) as looked
left join placed on true
order by placed.score desc,
         placed.project_id,
         placed.path,
         placed.ordinal;
