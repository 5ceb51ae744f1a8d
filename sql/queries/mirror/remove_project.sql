-- Removes an emptied project, with its lease, its history of locks and its place in the queue.
delete from projects where project_id = $1;
