-- What have the tenant's agents asked on the days from $1 to $2, summed up by $3: day, tool or key?
select
    case $3 when 'day' then u.day::text when 'tool' then u.tool else u.key_id end as name,
    sum(u.calls)::bigint as calls,
    sum(u.refused)::bigint as refused,
    sum(u.failed)::bigint as failed,
    sum(u.rows)::bigint as rows,
    sum(u.bytes)::bigint as bytes,
    sum(u.tokens)::bigint as tokens,
    sum(u.milliseconds) as milliseconds,
    sum(u.unrecorded)::bigint as unrecorded
from usage_events u
where u.tenant_id = (select current_tenant()) and u.day between $1 and $2
group by 1
order by 1;
