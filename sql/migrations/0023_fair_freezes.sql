-- A freeze or a force waits for the writes that are under way, and for none that begins later.

create or replace function assert_fence() returns void
    language plpgsql as $$
begin
    -- Behind whoever freezes or forces: row locks alone let writes that overlap pass a waiting one for ever (measured: 11 s with six).
    perform pg_advisory_xact_lock_shared(hashtextextended(syncd.current_tenant()::text || syncd.current_project()::text, 0));
    -- FOR SHARE makes a takeover wait for this transaction, and this transaction see a takeover: measured, nothing less is enough.
    perform 1 from syncd.project_leases l
    where l.tenant_id = syncd.current_tenant() and l.project_id = syncd.current_project()
      and l.fence = nullif(current_setting('syncd.fence', true), '')::bigint
      and l.nonce = nullif(current_setting('syncd.nonce', true), '')::uuid
      and (l.freeze_id is null or l.freeze_until < now())
    for share;
    if not found then
        raise exception 'the lock of this project is not held: lost, taken over, or frozen' using errcode = 'DS001';
    end if;
end
$$;

create or replace function freeze_project(p_project_id uuid, p_actor text, p_reason text, p_until timestamptz, p_is_admin boolean) returns text
    language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    tenant uuid := syncd.current_tenant();
    lease syncd.project_leases;
    stands boolean;
begin
    -- In line before the writes that come after this moment: those that overlap would keep a row lock from us for ever.
    perform pg_advisory_xact_lock(hashtextextended(tenant::text || p_project_id::text, 0));
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

create or replace function force_release(p_project_id uuid, p_actor text, p_reason text, p_expected_fence bigint) returns text
    language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    tenant uuid := syncd.current_tenant();
    lease syncd.project_leases;
begin
    -- In line before the writes that come after this moment: those that overlap would keep a row lock from us for ever.
    perform pg_advisory_xact_lock(hashtextextended(tenant::text || p_project_id::text, 0));
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
