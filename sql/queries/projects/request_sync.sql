-- Marks a project due. False: no such project, or not of this tenant.
select request_sync($1, $2);
