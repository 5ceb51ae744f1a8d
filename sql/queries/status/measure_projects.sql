-- How do the projects of all tenants stand, in sums, at $1?
select condition, projects, documents, skipped, lag_seconds from measure_projects($1);
