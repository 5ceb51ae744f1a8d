-- Lifts the freeze of a project of the tenant. Null: no such project; refused: another's freeze.
select unfreeze_project($1, $2, $3);
