-- Services ask at start whether the schema is the one they were written for.
grant select on syncd.schema_migrations to syncd_sync, syncd_web, syncd_read;
