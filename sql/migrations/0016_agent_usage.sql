-- What agents ask: every request, what it sums up to by day, and how much a tenant may ask in a day.

create table agent_requests (
    tenant_id uuid not null references tenants on delete cascade,
    request_id uuid not null,
    requested_at timestamptz not null,
    key_id text not null,
    tool text not null check (length(tool) between 1 and 100),
    argument_hash text check (argument_hash ~ '^[0-9a-f]{32}$'),
    outcome text not null check (length(outcome) between 1 and 100),
    rows bigint not null check (rows >= 0),
    bytes bigint not null check (bytes >= 0),
    tokens bigint not null check (tokens >= 0),
    milliseconds double precision not null check (milliseconds >= 0),
    primary key (tenant_id, request_id)
);
comment on table agent_requests is 'Requests of agents, one row each, kept for some weeks. Append-only: written by record_requests, removed by remove_requests.';
comment on column agent_requests.request_id is 'Grows with time (UUID version 7), so that new rows stand together.';
comment on column agent_requests.requested_at is 'When it came.';
comment on column agent_requests.tool is 'The tool that was called, or the method of the protocol where it was none.';
comment on column agent_requests.argument_hash is 'Keyed hash of the arguments: equal for equal ones, and telling nothing else of them.';
comment on column agent_requests.rows is 'How many things the answer holds: hits, documents, chunks, or one text.';
comment on column agent_requests.bytes is 'Size of the text of the answer.';
comment on column agent_requests.tokens is 'The same in tokens, counted as characters divided by four.';
comment on column agent_requests.milliseconds is 'How long the answer took.';
-- Retention removes the oldest of each tenant.
create index agent_requests_by_time on agent_requests (tenant_id, requested_at);

create table usage_events (
    tenant_id uuid not null references tenants on delete cascade,
    day date not null,
    key_id text not null,
    tool text not null,
    calls bigint not null,
    refused bigint not null,
    failed bigint not null,
    rows bigint not null,
    bytes bigint not null,
    tokens bigint not null,
    milliseconds double precision not null,
    unrecorded bigint not null,
    primary key (tenant_id, day, key_id, tool)
);
comment on table usage_events is 'What agents asked by day (UTC), key and tool, kept for good. Written by record_requests only.';
comment on column usage_events.day is 'Day in UTC.';
comment on column usage_events.tool is 'As in agent_requests.';
comment on column usage_events.calls is 'All requests, refused and failed ones too.';
comment on column usage_events.refused is 'Of these, refused by a limit: they count against no quota.';
comment on column usage_events.failed is 'Of these, answered by an error.';
comment on column usage_events.rows is 'As in agent_requests, added up.';
comment on column usage_events.bytes is 'As in agent_requests, added up.';
comment on column usage_events.tokens is 'As in agent_requests, added up.';
comment on column usage_events.milliseconds is 'As in agent_requests, added up.';
comment on column usage_events.unrecorded is 'Requests that are counted here and have no row in agent_requests: more came than could be written.';

create table tenant_quotas (
    tenant_id uuid primary key references tenants on delete cascade,
    calls_per_day bigint check (calls_per_day >= 0),
    tokens_per_day bigint check (tokens_per_day >= 0),
    updated_at timestamptz not null default now()
);
comment on table tenant_quotas is 'How much the agents of a tenant may ask in a day (UTC). No row, or null: as much as they like.';
comment on column tenant_quotas.calls_per_day is 'Answered requests of a day.';
comment on column tenant_quotas.tokens_per_day is 'Tokens of the answers of a day.';
create trigger touch_updated_at before update on tenant_quotas for each row execute function touch_updated_at();

do $$
declare
    name text;
begin
    foreach name in array array['agent_requests', 'usage_events', 'tenant_quotas'] loop
        execute format('alter table %I enable row level security', name);
        execute format('alter table %I force row level security', name);
        execute format(
            'create policy tenant_isolation on %I using (tenant_id = (select current_tenant())) with check (tenant_id = (select current_tenant()))',
            name
        );
    end loop;
end
$$;

grant select on agent_requests to syncd_web;
grant select on usage_events to syncd_web, syncd_read;
grant select, insert, update, delete on tenant_quotas to syncd_web;
grant select on tenant_quotas to syncd_read;
grant select, insert, delete on agent_requests to syncd_account;
grant select, insert, update on usage_events to syncd_account;
grant select on tenants to syncd_account;

create function record_requests(p_requests jsonb, p_usage jsonb) returns boolean
    language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    -- A batch comes again when its answer was lost. It was stored whole or not at all, so its first request tells.
    if exists (
        select from syncd.agent_requests r
        where r.tenant_id = syncd.current_tenant() and r.request_id = (p_requests -> 0 ->> 'request_id')::uuid
    ) then
        return false;
    end if;
    insert into syncd.agent_requests (
        tenant_id, request_id, requested_at, key_id, tool, argument_hash, outcome, rows, bytes, tokens, milliseconds
    )
    select syncd.current_tenant(), r.request_id, r.requested_at, r.key_id, r.tool, r.argument_hash, r.outcome, r.rows, r.bytes, r.tokens,
           r.milliseconds
    from jsonb_to_recordset(p_requests) as r (
        request_id uuid, requested_at timestamptz, key_id text, tool text, argument_hash text, outcome text, rows bigint, bytes bigint,
        tokens bigint, milliseconds double precision
    );
    insert into syncd.usage_events as e (
        tenant_id, day, key_id, tool, calls, refused, failed, rows, bytes, tokens, milliseconds, unrecorded
    )
    select syncd.current_tenant(), u.day, u.key_id, u.tool, u.calls, u.refused, u.failed, u.rows, u.bytes, u.tokens, u.milliseconds,
           u.unrecorded
    from jsonb_to_recordset(p_usage) as u (
        day date, key_id text, tool text, calls bigint, refused bigint, failed bigint, rows bigint, bytes bigint, tokens bigint,
        milliseconds double precision, unrecorded bigint
    )
    -- In one order, so that two servers that add to the same rows wait for each other and never in a circle.
    order by u.day, u.key_id, u.tool
    on conflict (tenant_id, day, key_id, tool) do update
    set calls = e.calls + excluded.calls, refused = e.refused + excluded.refused, failed = e.failed + excluded.failed,
        rows = e.rows + excluded.rows, bytes = e.bytes + excluded.bytes, tokens = e.tokens + excluded.tokens,
        milliseconds = e.milliseconds + excluded.milliseconds, unrecorded = e.unrecorded + excluded.unrecorded;
    return true;
end
$$;
comment on function record_requests(jsonb, jsonb) is 'Definer: stores a batch of requests of the current tenant and adds it to the usage of its days. False: this batch was stored before.';

create function remove_requests(p_before timestamptz, p_limit integer) returns bigint
    language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    tenant uuid;
    former text := current_setting('syncd.tenant', true);
    removed bigint;
    total bigint := 0;
begin
    -- Row security binds this function too: each tenant in turn.
    for tenant in select t.tenant_id from syncd.tenants t order by t.tenant_id loop
        perform set_config('syncd.tenant', tenant::text, true);
        delete from syncd.agent_requests r
        where r.tenant_id = tenant and r.request_id in (
            select o.request_id from syncd.agent_requests o
            where o.tenant_id = tenant and o.requested_at < p_before
            order by o.requested_at
            limit p_limit - total
        );
        get diagnostics removed = row_count;
        total := total + removed;
        exit when total >= p_limit;
    end loop;
    perform set_config('syncd.tenant', coalesce(former, ''), true);
    return total;
end
$$;
comment on function remove_requests(timestamptz, integer) is 'Definer: forgets at most so many requests, of any tenant, that came before the given time. What they sum up to stays.';

grant create on schema syncd to syncd_account;
alter function record_requests(jsonb, jsonb) owner to syncd_account;
alter function remove_requests(timestamptz, integer) owner to syncd_account;
revoke create on schema syncd from syncd_account;
revoke all on function record_requests(jsonb, jsonb), remove_requests(timestamptz, integer) from public;
grant execute on function record_requests(jsonb, jsonb) to syncd_read;
grant execute on function remove_requests(timestamptz, integer) to syncd_sync;
