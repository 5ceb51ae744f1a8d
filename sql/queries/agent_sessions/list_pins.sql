-- Which revision of each project does a session read?
select p.project_id,
       p.revision,
       p.commit_sha as commit,
       p.synced_at
from agent_session_pins p
where p.session_id = $1;
