-- The text of contents that we have but must cut again (another format or title).
select content_hash, text
from blobs
where tenant_id = (select current_tenant()) and content_hash = any($1::bytea[]);
