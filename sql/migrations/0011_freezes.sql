-- Freeze, unfreeze and force-release: the authority is the lease, Redis is told afterwards.

alter table project_leases add column redis_due uuid;
comment on column project_leases.redis_due is 'Set when a person changed what Redis must show; cleared by the daemon that has told Redis. Random, so that a later change is never taken for an earlier one.';
-- The daemons ask it every few seconds, of all tenants; nearly no project is in it.
create index project_leases_to_show on project_leases (tenant_id, project_id) where freeze_id is not null or redis_due is not null;

alter table lock_events drop constraint lock_events_action_check;
alter table lock_events add constraint lock_events_action_check check (action in
    ('acquire', 'renew_lost', 'release', 'expire_takeover', 'freeze', 'unfreeze', 'freeze_ended', 'force_release', 'clamp', 'redis_rebuilt'));
drop index lock_events_by_time;
-- A project's history is read newest first, and its pages go on after a moment and an event.
create index lock_events_by_time on lock_events (tenant_id, project_id, at desc, event_id desc);

create function freeze_project(p_project_id uuid, p_actor text, p_reason text, p_until timestamptz, p_is_admin boolean) returns text
    language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    tenant uuid := syncd.current_tenant();
    lease syncd.project_leases;
    stands boolean;
begin
    -- Waits for a write of the holder that is under way; what comes after this moment is refused by the new fence.
    select l.* into lease from syncd.project_leases l join syncd.projects p on p.tenant_id = l.tenant_id and p.project_id = l.project_id
    where l.tenant_id = tenant and l.project_id = p_project_id and p.removed_at is null for update of l;
    if not found then
        return null;
    end if;
    stands := lease.freeze_id is not null and (lease.freeze_until is null or lease.freeze_until >= clock_timestamp());
    if stands and lease.frozen_by <> p_actor and not p_is_admin then
        return 'refused';
    end if;
    -- Asked again after a lost answer.
    if stands and (lease.frozen_by, lease.freeze_reason) = (p_actor, p_reason) and lease.freeze_until is not distinct from p_until then
        return 'done';
    end if;
    update syncd.project_leases l
    set fence = l.fence + 1, nonce = null, holder = null, redis_due = gen_random_uuid(),
        freeze_id = gen_random_uuid(), frozen_by = p_actor, frozen_at = clock_timestamp(), freeze_until = p_until, freeze_reason = p_reason
    where l.tenant_id = tenant and l.project_id = p_project_id;
    insert into syncd.lock_events (tenant_id, project_id, action, actor, reason, fence, previous_holder)
    values (tenant, p_project_id, 'freeze', p_actor, p_reason, lease.fence + 1, case when stands then lease.frozen_by else lease.holder end);
    perform pg_notify('syncd_locks', '');
    return 'done';
end
$$;
comment on function freeze_project(uuid, text, text, timestamptz, boolean) is 'Definer: stops the syncs of a project of the current tenant; a holder cannot write any more. done, refused (another''s freeze stands), or null: no such project, or not yours.';

create function unfreeze_project(p_project_id uuid, p_actor text, p_is_admin boolean) returns text
    language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    tenant uuid := syncd.current_tenant();
    lease syncd.project_leases;
begin
    select l.* into lease from syncd.project_leases l join syncd.projects p on p.tenant_id = l.tenant_id and p.project_id = l.project_id
    where l.tenant_id = tenant and l.project_id = p_project_id and p.removed_at is null for update of l;
    if not found then
        return null;
    end if;
    if lease.freeze_id is null then
        return 'done';
    end if;
    if lease.frozen_by <> p_actor and not p_is_admin and (lease.freeze_until is null or lease.freeze_until >= clock_timestamp()) then
        return 'refused';
    end if;
    update syncd.project_leases l
    set freeze_id = null, frozen_by = null, frozen_at = null, freeze_until = null, freeze_reason = null, redis_due = gen_random_uuid()
    where l.tenant_id = tenant and l.project_id = p_project_id;
    insert into syncd.lock_events (tenant_id, project_id, action, actor, reason, fence, previous_holder)
    values (tenant, p_project_id, 'unfreeze', p_actor, lease.freeze_reason, lease.fence, lease.frozen_by);
    perform syncd.request_sync(p_project_id, now()), pg_notify('syncd_locks', '');
    return 'done';
end
$$;
comment on function unfreeze_project(uuid, text, boolean) is 'Definer: lifts a freeze of the current tenant and makes the project due. done (also when none stood), refused (another''s), or null: no such project, or not yours.';

create function end_freeze(p_project_id uuid, p_actor text) returns boolean
    language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    tenant uuid := syncd.current_tenant();
    ended syncd.project_leases;
begin
    select l.* into ended from syncd.project_leases l
    where l.tenant_id = tenant and l.project_id = p_project_id and l.freeze_until < now() for update;
    if not found then
        return false;
    end if;
    -- Not the fence: whoever took the lease since the freeze ended holds it rightly.
    update syncd.project_leases l
    set freeze_id = null, frozen_by = null, frozen_at = null, freeze_until = null, freeze_reason = null, redis_due = gen_random_uuid()
    where l.tenant_id = tenant and l.project_id = p_project_id;
    insert into syncd.lock_events (tenant_id, project_id, action, actor, reason, fence, previous_holder)
    values (tenant, p_project_id, 'freeze_ended', p_actor, ended.freeze_reason, ended.fence, ended.frozen_by);
    perform syncd.request_sync(p_project_id, now());
    return true;
end
$$;
comment on function end_freeze(uuid, text) is 'Definer: takes away a freeze of the current tenant whose time has passed, says so in the history, and makes the project due. False: none has.';

create function force_release(p_project_id uuid, p_actor text, p_reason text, p_expected_fence bigint) returns text
    language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    tenant uuid := syncd.current_tenant();
    lease syncd.project_leases;
begin
    select l.* into lease from syncd.project_leases l join syncd.projects p on p.tenant_id = l.tenant_id and p.project_id = l.project_id
    where l.tenant_id = tenant and l.project_id = p_project_id and p.removed_at is null for update of l;
    if not found then
        return null;
    end if;
    if lease.fence <> p_expected_fence then
        return 'changed';
    end if;
    if lease.freeze_id is not null and (lease.freeze_until is null or lease.freeze_until >= clock_timestamp()) then
        return 'frozen';
    end if;
    update syncd.project_leases l
    set fence = l.fence + 1, nonce = null, holder = null, redis_due = gen_random_uuid()
    where l.tenant_id = tenant and l.project_id = p_project_id;
    insert into syncd.lock_events (tenant_id, project_id, action, actor, reason, fence, previous_holder)
    values (tenant, p_project_id, 'force_release', p_actor, p_reason, lease.fence + 1, lease.holder);
    perform syncd.request_sync(p_project_id, now()), pg_notify('syncd_locks', '');
    return 'done';
end
$$;
comment on function force_release(uuid, text, text, bigint) is 'Definer: ends the lease of a holder of the current tenant. done, changed (the fence is another: so is the holder), frozen (unfreeze it), or null: no such project, or not yours.';

create function list_lock_duties() returns table (tenant_id uuid, project_id uuid, freeze_id uuid, freeze_until timestamptz, redis_due uuid)
    language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select l.tenant_id, l.project_id, l.freeze_id, l.freeze_until, l.redis_due from syncd.project_leases l
    where l.freeze_id is not null or l.redis_due is not null
$$;
comment on function list_lock_duties() is 'Definer: what Redis must show, of all tenants: ids and times, neither who nor why.';

create policy show_any_freeze on project_leases for select to syncd_queue using (true);
grant select, update on project_leases to syncd_queue;
grant select (tenant_id, project_id, removed_at) on projects to syncd_queue;
grant insert on lock_events to syncd_queue;
grant create on schema syncd to syncd_queue;
alter function freeze_project(uuid, text, text, timestamptz, boolean) owner to syncd_queue;
alter function unfreeze_project(uuid, text, boolean) owner to syncd_queue;
alter function end_freeze(uuid, text) owner to syncd_queue;
alter function force_release(uuid, text, text, bigint) owner to syncd_queue;
alter function list_lock_duties() owner to syncd_queue;
revoke create on schema syncd from syncd_queue;
revoke all on function freeze_project(uuid, text, text, timestamptz, boolean), unfreeze_project(uuid, text, boolean), end_freeze(uuid, text),
    force_release(uuid, text, text, bigint), list_lock_duties() from public;
grant execute on function freeze_project(uuid, text, text, timestamptz, boolean), unfreeze_project(uuid, text, boolean) to syncd_web, syncd_read;
grant execute on function force_release(uuid, text, text, bigint) to syncd_web;
grant execute on function end_freeze(uuid, text), list_lock_duties() to syncd_sync;
grant update (redis_due) on project_leases to syncd_sync;
