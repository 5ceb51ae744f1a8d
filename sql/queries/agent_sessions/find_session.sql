-- Which session has this id, and has not expired by $2?
select s.session_id,
       s.opened_by,
       s.project_ids,
       s.created_at,
       s.expires_at,
       s.closed_at
from agent_sessions s
where s.session_id = $1
  and s.expires_at > $2;
