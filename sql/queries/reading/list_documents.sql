-- Which documents of a project at revision $6 have a path from $2 up to, not including, $3 (a folder), after path $4, that matches pattern $7
-- (empty: any)? $5 rows, by path.
select v.document_id,
       v.path,
       v.format,
       v.title,
       v.version,
       v.content_hash,
       b.git_sha,
       b.size,
       b.lines,
       v.commit_sha,
       v.author,
       v.committed_at,
       v.revision_from,
       v.revision_to,
       v.chunker_version
from versions_at($1, $6) v
join blobs b on b.tenant_id = v.tenant_id and b.content_hash = v.content_hash
where v.path >= $2
  and v.path < $3
  and v.path > $4
  and ($7 = '' or v.path ~ $7)
order by v.path
limit $5;
