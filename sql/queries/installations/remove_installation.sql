-- Takes an installation away from a tenant; no row where the tenant has none of this id.
delete from github_installations
where tenant_id = $1 and installation_id = $2
returning installation_id;
