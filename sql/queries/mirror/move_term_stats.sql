-- By how many chunk places does the project grow when these layouts are opened (1) or closed (-1)? Document frequencies move along.
with layouts as (
    select n.content_hash, n.format, n.title, n.direction, n.chunker_version
    from unnest($2::bytea[], $3::text[], $4::text[], $5::integer[], $6::integer[])
        as n (content_hash, format, title, direction, chunker_version)
), moved as materialized (
    select p.chunk_hash, sum(l.direction)::integer as places
    from layouts l
    join document_chunks p
      on p.tenant_id = (select current_tenant()) and p.content_hash = l.content_hash and p.format = l.format and p.title = l.title
     and p.chunker_version = l.chunker_version
    group by p.chunk_hash
    having sum(l.direction) <> 0
), differences as (
    select t.term_id, sum(m.places)::integer as difference
    from moved m
    join chunks c on c.tenant_id = (select current_tenant()) and c.chunk_hash = m.chunk_hash
    cross join unnest(c.term_ids) as t (term_id)
    group by t.term_id
    having sum(m.places) <> 0
), written as (
    insert into term_stats (tenant_id, project_id, term_id, document_frequency)
    select current_tenant(), $1, d.term_id, d.difference
    from differences d
    order by d.term_id
    on conflict (tenant_id, project_id, term_id)
    do update set document_frequency = term_stats.document_frequency + excluded.document_frequency
)
select coalesce(sum(places), 0)::integer from moved;
