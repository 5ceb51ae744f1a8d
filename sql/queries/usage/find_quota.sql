-- How much may the tenant's agents ask in a day? No row: as much as they like.
select calls_per_day, tokens_per_day
from tenant_quotas
where tenant_id = (select current_tenant());
