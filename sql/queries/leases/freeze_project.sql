-- Stops the syncs of a project of the tenant, whoever holds it. Null: no such project; refused: another's freeze stands.
select freeze_project($1, $2, $3, $4, $5);
