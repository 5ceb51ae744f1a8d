-- The same where pgvector is missing: the ids alone are asked for.
select chunk_hash, term_ids
from chunks
where tenant_id = current_tenant() and chunk_hash = any($1::bytea[]);
