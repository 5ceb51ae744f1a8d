-- Has any migration ever run here?
select to_regclass('syncd.schema_migrations') is not null;
