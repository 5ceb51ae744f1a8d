-- Can this database hold vectors (pgvector when it was migrated)?
select format_type(a.atttypid, null) like '%halfvec' as has_halfvec
from pg_attribute a
where a.attrelid = 'syncd.chunk_vectors'::regclass and a.attname = 'embedding';
