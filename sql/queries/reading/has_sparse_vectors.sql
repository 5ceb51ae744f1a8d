-- Are the search columns sparse vectors (pgvector), or arrays?
select exists (
    select
    from pg_attribute
    where attrelid = 'chunks'::regclass
      and attname = 'terms'
      and not attisdropped
);
