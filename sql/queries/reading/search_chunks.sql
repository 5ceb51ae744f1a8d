-- Which chunk places of projects $7, each at its revision of $8, with a path from its $9 up to, not including, its $10, answer a query best? $1 to $6
-- are the question to search_candidates (terms looked up, whether each must be there, terms and weights of the query, how many chunks, of how many
-- at most). $11 and $12: patterns of paths and of bodies; $13: phrases. At most $14 places; looked counts the candidates that they are from.
with candidates as materialized (
    select found.chunk_hash,
           found.score
    from search_candidates($1::integer[], $2::boolean, $3::integer[], $4::real[], $5::integer, $6::integer) as found
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
    -- From the few candidates to their places, whatever the planner believes: it cannot know how few a function returns.
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
    join unnest($7::uuid[], $8::integer[], $9::text[], $10::text[]) as s (project_id, revision, path_from, path_to) on s.project_id = v.project_id
    where v.path >= s.path_from
      and v.path < s.path_to
      and v.revision_from <= s.revision
      and (v.revision_to is null or v.revision_to > s.revision)
      and not exists (
          select
          from unnest($11::text[]) as pattern
          where v.path !~ pattern
      )
      and (
          cardinality($12::text[]) + cardinality($13::text[]) = 0
          or exists (
              select
              from chunks c
              where c.tenant_id = (select current_tenant())
                and c.chunk_hash = p.chunk_hash
                and not exists (
                    select
                    from unnest($12::text[]) as pattern
                    where concat(c.header, e'\n', c.body) !~* pattern
                )
                and not exists (
                    select
                    from unnest($13::text[]) as phrase
                    where position(lower(phrase) in lower(regexp_replace(c.body, '\s+', ' ', 'g'))) = 0
                )
          )
      )
    order by k.score desc,
             k.chunk_hash,
             v.project_id,
             v.path,
             p.ordinal
    limit $14
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
from (select count(*)::integer as candidates from candidates) as looked
left join placed on true
order by placed.score desc,
         placed.chunk_hash,
         placed.project_id,
         placed.path,
         placed.ordinal;
