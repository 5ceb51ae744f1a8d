-- How did a document come to be what it was before revision $3? Its versions and where they stood, newest first, each with the one before it. $4 rows.
select v.version,
       v.path,
       v.commit_sha,
       v.author,
       v.committed_at,
       v.revision_from,
       v.revision_to,
       b.size,
       b.lines,
       earlier.path as earlier_path,
       earlier.version as earlier_version,
       earlier.revision_to as earlier_end
from document_versions v
join blobs b on b.tenant_id = v.tenant_id and b.content_hash = v.content_hash
left join lateral (
    select e.path,
           e.version,
           e.revision_to
    from document_versions e
    where e.project_id = $1
      and e.document_id = $2
      and e.revision_from < v.revision_from
    order by e.revision_from desc
    limit 1
) earlier on true
where v.project_id = $1
  and v.document_id = $2
  and v.revision_from < $3
order by v.revision_from desc
limit $4;
