-- Ends every session of a user but this one ($3, or none), and beyond the $4 newest.
update sessions
set ended_at = $2
where user_id = $1
  and ended_at is null
  and session_id in (
      select session_id
      from sessions
      where user_id = $1 and ended_at is null and session_id is distinct from $3
      order by created_at desc, session_id
      offset $4
  );
