-- When must the loop look again?
select min(due_at) from sync_queue;
