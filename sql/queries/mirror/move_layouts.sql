-- Lets versions of the project be read by their new layouts, of chunker version $6.
update document_versions v
set chunker_version = $6, title = n.title, titled = n.titled
from unnest($2::uuid[], $3::integer[], $4::text[], $5::boolean[]) as n (document_id, revision_from, title, titled)
where v.project_id = $1 and v.document_id = n.document_id and v.revision_from = n.revision_from;
