-- Who takes part in a session, as what, in the order in which they came?
select p.key_id,
       p.role,
       p.joined_at
from agent_session_participants p
where p.session_id = $1
order by p.joined_at,
         p.key_id
limit $2;
