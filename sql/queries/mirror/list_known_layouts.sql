-- For which formats and titles are these contents cut into chunks already?
select distinct content_hash, format, title, titled
from document_chunks
where tenant_id = (select current_tenant()) and content_hash = any($1::bytea[]) and chunker_version = $2;
