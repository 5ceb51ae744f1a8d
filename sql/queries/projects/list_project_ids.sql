-- Which projects of the tenant are not marked for removal?
select project_id from projects where removed_at is null;
