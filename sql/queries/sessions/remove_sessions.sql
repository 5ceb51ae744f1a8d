-- Forgets sessions of the tenant that ended or ran out before $1; at most $2.
delete from sessions
where session_id in (
    select session_id from sessions where least(ended_at, idle_until, ends_at) < $1 limit $2
);
