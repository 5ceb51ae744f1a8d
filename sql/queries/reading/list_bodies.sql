-- What do these chunks say?
select chunk_hash,
       body,
       tokens
from chunks
where tenant_id = (select current_tenant())
  and chunk_hash = any($1::bytea[]);
