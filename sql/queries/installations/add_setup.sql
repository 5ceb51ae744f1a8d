-- Uses a set-up state; no row where it was used before.
insert into github_setups (tenant_id, nonce, installation_id, used_at, valid_until)
values ($1, $2, $3, $4, $5)
on conflict (tenant_id, nonce) do nothing
returning nonce;
