-- What is the note of this id in a session?
select n.note_id,
       n.number,
       n.key_id,
       n.reply_to,
       case when n.deleted_at is null then n.body end as body,
       n.created_at,
       n.deleted_at
from agent_session_notes n
where n.session_id = $1
  and n.note_id = $2;
