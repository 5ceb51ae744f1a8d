-- Which of these blobs does the tenant have already?
select git_sha, content_hash
from blobs
where tenant_id = (select current_tenant()) and git_sha = any($1::text[]);
