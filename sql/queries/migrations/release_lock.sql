-- The other half of try_lock.
select pg_advisory_unlock(495522931556);
