-- Which chunk places of projects $1, each at its revision of $8, with a path from $2 up to, not including, $3, answer a query best? $4: the query's
-- weights; the score is BM25, their inner product with a chunk's impacts (without
-- pgvector, from arrays: $4 term ids, $7 weights). $5 places after the first $6.
with wanted as materialized (
    select p.chunk_hash
    from unnest($1::uuid[], $8::integer[]) as s (project_id, revision)
    cross join versions_at(s.project_id, s.revision) v
    join document_chunks p on p.tenant_id = v.tenant_id
                          and p.content_hash = v.content_hash
                          and p.format = v.format
                          and p.title = v.title
                          and p.chunker_version = v.chunker_version
    where v.path >= $2
      and v.path < $3
-- An array, not a join: the planner takes wanted for one row, and would scan it once for each chunk of the tenant.
), scored as materialized (
    select c.chunk_hash,
           (
               select sum(i.impact::float8 * q.weight)
               from unnest(c.term_ids, c.impacts) as i (term_id, impact)
               join unnest($4::integer[], $7::float8[]) as q (term_id, weight) on q.term_id = i.term_id
           ) as score
    from chunks c
    where c.chunk_hash = any(array(select wanted.chunk_hash from wanted))
), best as materialized (
    select scored.chunk_hash,
           scored.score
    from scored
    where scored.score > 0
    order by scored.score desc
    fetch first ($5::bigint + $6::bigint) rows with ties
)
select v.project_id,
       v.path,
       v.title,
       v.version,
       v.commit_sha,
       best.score::float8 as score,
       p.headings,
       p.anchor,
       p.line_from,
       p.line_to,
       c.body
from best
join document_chunks p on p.chunk_hash = best.chunk_hash
join document_versions v on v.tenant_id = p.tenant_id
                        and v.content_hash = p.content_hash
                        and v.format = p.format
                        and v.title = p.title
                        and v.chunker_version = p.chunker_version
join unnest($1::uuid[], $8::integer[]) as s (project_id, revision) on s.project_id = v.project_id
join chunks c on c.chunk_hash = best.chunk_hash
where v.path >= $2
  and v.path < $3
  and v.revision_from <= s.revision
  and (v.revision_to is null or v.revision_to > s.revision)
order by best.score desc,
         v.project_id,
         v.path,
         p.ordinal
limit $5
offset $6;
