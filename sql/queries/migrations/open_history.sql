-- Makes the table that remembers which migrations ran, where it is not there yet.
create table if not exists syncd.schema_migrations (
    number integer primary key,
    name text not null,
    checksum bytea not null,
    applied_at timestamptz not null default clock_timestamp()
);
