-- Sets how much the tenant's agents may ask in a day; null: as much as they like.
insert into tenant_quotas (tenant_id, calls_per_day, tokens_per_day)
values (current_tenant(), $1, $2)
on conflict (tenant_id) do update
set calls_per_day = excluded.calls_per_day, tokens_per_day = excluded.tokens_per_day;
