-- Which notes of a session come after number $2? $3 rows, in order; of one that was taken back nothing but its place.
select n.note_id,
       n.number,
       n.key_id,
       n.reply_to,
       case when n.deleted_at is null then n.body end as body,
       n.created_at,
       n.deleted_at
from agent_session_notes n
where n.session_id = $1
  and n.number > $2
order by n.number
limit $3;
