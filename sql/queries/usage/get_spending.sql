-- How much has the tenant asked on a day, and how much may it?
select
    coalesce(sum(u.calls - u.refused), 0)::bigint as calls,
    coalesce(sum(u.tokens), 0)::bigint as tokens,
    (select q.calls_per_day from tenant_quotas q where q.tenant_id = (select current_tenant())) as calls_per_day,
    (select q.tokens_per_day from tenant_quotas q where q.tenant_id = (select current_tenant())) as tokens_per_day
from usage_events u
where u.tenant_id = (select current_tenant()) and u.day = $1;
