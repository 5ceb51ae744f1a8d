-- Records a migration, inside its own transaction.
insert into syncd.schema_migrations (number, name, checksum) values ($1, $2, $3);
