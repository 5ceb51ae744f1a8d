-- In which project is this document of the tenant, and where does it stand now?
select d.project_id, v.path
from documents d
join document_versions v on v.tenant_id = d.tenant_id and v.project_id = d.project_id and v.document_id = d.document_id
where d.document_id = $1
  and v.revision_to is null;
