-- One runner at a time. Tried and not awaited: a waiting lock would hold a snapshot. The key is 'syncd' in ASCII.
select pg_try_advisory_lock(495522931556);
