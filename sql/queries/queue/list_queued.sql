-- Which projects are there, of any tenant?
select project_id from sync_queue;
