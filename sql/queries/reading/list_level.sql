-- What stands directly in a folder at revision $7, after name $5? $2 and $3 bound the folder's paths, $4 is its length; a folder counts its documents.
select split_part(substr(v.path, $4 + 1), '/', 1) as name,
       count(*) as documents,
       bool_or(strpos(substr(v.path, $4 + 1), '/') = 0) as is_document,
       sum(b.size)::bigint as size
from versions_at($1, $7) v
join blobs b on b.tenant_id = v.tenant_id and b.content_hash = v.content_hash
where v.path >= $2
  and v.path < $3
group by 1
having split_part(substr(v.path, $4 + 1), '/', 1) > $5
order by 1
limit $6;
