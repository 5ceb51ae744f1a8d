-- Binds an installation of the GitHub App to a tenant; no row where it is bound already, to this tenant or to another.
insert into github_installations (tenant_id, installation_id, account, bound_at)
values ($1, $2, $3, $4)
on conflict do nothing
returning installation_id;
