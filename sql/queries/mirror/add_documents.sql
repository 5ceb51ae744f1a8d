-- Gives new documents their identity.
insert into documents (tenant_id, project_id, document_id)
select current_tenant(), $1, n.document_id
from unnest($2::uuid[]) as n (document_id);
