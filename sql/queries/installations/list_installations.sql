-- Through which installations may this tenant read?
select installation_id, account, bound_at
from github_installations
where tenant_id = $1
order by installation_id;
