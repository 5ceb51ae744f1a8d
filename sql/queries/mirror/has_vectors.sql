-- Does this database hold search terms as sparsevec (pgvector), or as arrays?
select exists (
    select from pg_attribute
    where attrelid = 'syncd.chunks'::regclass and attname = 'terms' and not attisdropped
);
