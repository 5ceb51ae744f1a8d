-- Forgets the set-up states that have expired by themselves.
delete from github_setups where tenant_id = $1 and valid_until < $2;
