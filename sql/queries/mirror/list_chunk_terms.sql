-- The terms of chunks that were tokenised earlier, in the text form of sparsevec.
select chunk_hash, terms::text as terms
from chunks
where tenant_id = current_tenant() and chunk_hash = any($1::bytea[]);
