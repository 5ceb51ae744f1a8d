-- What happened to the lock of this project, newest first, before the event of the cursor ($2, $3: none for the first page)?
select event_id, at, action, actor, reason, fence, previous_holder, request_id
from lock_events
where project_id = $1
  and ($2::timestamptz is null or (at, event_id) < ($2, $3::uuid))
order by at desc, event_id desc
limit $4;
