-- Which of these chunks (content $1, format $2, title $3, chunker version $4, ordinal $5, one a row) stand on the very lines of the chunk before
-- or after them: parts of one long line?
select asked.number::integer as number
from unnest($1::bytea[], $2::text[], $3::text[], $4::integer[], $5::integer[])
    with ordinality as asked (content_hash, format, title, chunker_version, ordinal, number)
join document_chunks p
    on p.tenant_id = (select current_tenant())
    and p.content_hash = asked.content_hash
    and p.format = asked.format
    and p.title = asked.title
    and p.chunker_version = asked.chunker_version
    and p.ordinal = asked.ordinal
where exists (
    select
    from document_chunks beside
    where beside.tenant_id = p.tenant_id
      and beside.content_hash = p.content_hash
      and beside.format = p.format
      and beside.title = p.title
      and beside.chunker_version = p.chunker_version
      and beside.ordinal in (p.ordinal - 1, p.ordinal + 1)
      and beside.line_from = p.line_from
      and beside.line_to = p.line_to
);
