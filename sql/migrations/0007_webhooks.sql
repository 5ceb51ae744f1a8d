-- Deliveries of GitHub, where they lead, and the one function that takes one in.

create table webhook_deliveries (
    delivery_id text primary key check (delivery_id ~ '^[0-9A-Za-z-]{1,64}$'),
    event text not null check (event ~ '^[a-z_]{1,64}$'),
    received_at timestamptz not null,
    result text not null check (result in ('due', 'ignored'))
);
comment on table webhook_deliveries is 'Control table: signed deliveries that were taken in, so that each counts once. Holds nothing of their content; old rows are removed by the daemon.';
comment on column webhook_deliveries.delivery_id is 'The GUID that GitHub gave it (X-GitHub-Delivery); a redelivery has the same.';
comment on column webhook_deliveries.event is 'Name of the event (X-GitHub-Event).';
comment on column webhook_deliveries.received_at is 'When it came.';
comment on column webhook_deliveries.result is 'due: projects of its repositories were marked due; ignored: nobody mirrors them, or the event says nothing of docs.';
-- The daemon removes the oldest, a batch at a time.
create index webhook_deliveries_by_time on webhook_deliveries (received_at);

create table repository_routes (
    tenant_id uuid not null,
    project_id uuid not null,
    repository_id bigint not null,
    primary key (tenant_id, project_id),
    foreign key (tenant_id, project_id) references projects on delete cascade
);
comment on table repository_routes is 'Control table: which projects a repository''s deliveries lead to, of any tenant. Kept by a trigger on projects; no role of a service can read it.';
comment on column repository_routes.repository_id is 'As in projects.';
-- Every delivery asks it.
create index repository_routes_by_repository on repository_routes (repository_id);

alter table sync_queue add column delivered_at timestamptz;
comment on column sync_queue.delivered_at is 'When the last signed push of the project''s repository was delivered: while its hook works, the project is polled seldom.';

create function route_repository() returns trigger
    language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    if new.repository_id is null then
        delete from syncd.repository_routes r where r.tenant_id = new.tenant_id and r.project_id = new.project_id;
    else
        insert into syncd.repository_routes (tenant_id, project_id, repository_id)
        values (new.tenant_id, new.project_id, new.repository_id)
        on conflict (tenant_id, project_id) do update set repository_id = excluded.repository_id;
    end if;
    return null;
end
$$;
comment on function route_repository() is 'Definer trigger: keeps repository_routes true to projects.repository_id; a removed project''s route goes by its foreign key.';
create trigger route_repository after insert or update of repository_id on projects for each row execute function route_repository();

create function accept_delivery(p_delivery_id text, p_event text, p_repository_ids bigint[], p_now timestamptz) returns text
    language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    -- Stored and marked due in one transaction: a delivery that is known was also acted upon.
    insert into syncd.webhook_deliveries (delivery_id, event, received_at, result)
    select p_delivery_id, p_event, p_now,
           case when exists (select from syncd.repository_routes r where r.repository_id = any(p_repository_ids)) then 'due' else 'ignored' end
    on conflict (delivery_id) do nothing;
    if not found then
        return 'duplicate';
    end if;
    with meant as (
        -- In one order, so that two deliveries that mean the same projects wait for each other and never in a circle.
        select q.tenant_id, q.project_id
        from syncd.sync_queue q
        join syncd.repository_routes r on r.tenant_id = q.tenant_id and r.project_id = q.project_id
        where r.repository_id = any(p_repository_ids)
        order by q.tenant_id, q.project_id
        for update of q
    )
    update syncd.sync_queue q
    set due_at = least(q.due_at, p_now),
        -- Never twice the same: a request during a run is known by its being another one.
        requested_at = greatest(p_now, q.requested_at + interval '1 microsecond'),
        delivered_at = case when p_event = 'push' then p_now else q.delivered_at end
    from meant m
    where q.tenant_id = m.tenant_id and q.project_id = m.project_id;
    if found then
        perform pg_notify('syncd_due', '');
    end if;
    return 'accepted';
end
$$;
comment on function accept_delivery(text, text, bigint[], timestamptz) is 'Definer: stores a delivery whose signature was proved and marks the projects of its repositories due, whoever owns them. Tells accepted or duplicate, and nothing of who was meant.';

do $$
declare
    tenant uuid;
    seen bigint := 0;
begin
    for tenant in select t.tenant_id from tenants t loop
        perform set_config('syncd.tenant', tenant::text, true);
        insert into repository_routes (tenant_id, project_id, repository_id)
        select p.tenant_id, p.project_id, p.repository_id from projects p where p.repository_id is not null;
        seen := seen + (select count(*) from projects);
    end loop;
    perform set_config('syncd.tenant', '', true);
    if seen <> (select count(*) from sync_queue) then
        raise exception 'only % projects were seen of those that are queued', seen;
    end if;
end
$$;

grant select, insert on webhook_deliveries to syncd_queue;
grant select, insert, update, delete on repository_routes to syncd_queue;
grant create on schema syncd to syncd_queue;
alter function route_repository() owner to syncd_queue;
alter function accept_delivery(text, text, bigint[], timestamptz) owner to syncd_queue;
revoke create on schema syncd from syncd_queue;
revoke all on function route_repository(), accept_delivery(text, text, bigint[], timestamptz) from public;
grant execute on function accept_delivery(text, text, bigint[], timestamptz) to syncd_web;
grant select, delete on webhook_deliveries to syncd_sync;
