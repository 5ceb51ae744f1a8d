-- Which migrations has this database seen, in order?
select number, name, checksum from syncd.schema_migrations order by number;
