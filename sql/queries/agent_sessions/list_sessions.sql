-- Which sessions of the tenant are open at $1? $2 rows, newest first.
select s.session_id,
       s.opened_by,
       s.project_ids,
       s.created_at,
       s.expires_at,
       s.closed_at
from agent_sessions s
where s.expires_at > $1
  and s.closed_at is null
order by s.expires_at desc,
         s.session_id
limit $2;
