-- What must Redis show, of any tenant: which freezes stand, and what was changed since it was told?
select tenant_id, project_id, freeze_id, freeze_until, redis_due from list_lock_duties();
