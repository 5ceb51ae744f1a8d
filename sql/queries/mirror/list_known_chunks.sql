-- Which of these chunks are there already? They are never tokenised again.
select chunk_hash
from chunks
where tenant_id = (select current_tenant()) and chunk_hash = any($1::bytea[]);
