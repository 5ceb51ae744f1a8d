-- Ends a session.
update sessions set ended_at = $2 where session_id = $1 and ended_at is null;
