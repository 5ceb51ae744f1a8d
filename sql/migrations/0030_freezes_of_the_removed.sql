-- A freeze does not outlive its project: nobody could lift it any more, and nobody take the lock under which the project is deleted.

create function lift_freeze_of_removed() returns trigger
    language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    update syncd.project_leases l
    set freeze_id = null, frozen_by = null, frozen_at = null, freeze_until = null, freeze_reason = null, redis_due = gen_random_uuid()
    where l.tenant_id = new.tenant_id and l.project_id = new.project_id and l.freeze_id is not null;
    if found then
        perform pg_notify('syncd_locks', '');
    end if;
    return null;
end
$$;
comment on function lift_freeze_of_removed() is 'Definer trigger: who may remove a project lifts its freeze by that.';

grant create on schema syncd to syncd_queue;
alter function lift_freeze_of_removed() owner to syncd_queue;
revoke create on schema syncd from syncd_queue;
revoke all on function lift_freeze_of_removed() from public;
create trigger lift_freeze_of_removed after update of removed_at on projects for each row
    when (old.removed_at is null and new.removed_at is not null) execute function lift_freeze_of_removed();

-- Those that were removed before now, of each tenant in turn: row security binds the owner too.
do $$
declare
    tenant uuid;
begin
    for tenant in select t.tenant_id from syncd.tenants t loop
        perform set_config('syncd.tenant', tenant::text, true);
        update syncd.project_leases l
        set freeze_id = null, frozen_by = null, frozen_at = null, freeze_until = null, freeze_reason = null, redis_due = gen_random_uuid()
        from syncd.projects p
        where l.tenant_id = tenant and p.tenant_id = tenant and p.project_id = l.project_id and p.removed_at is not null
          and l.freeze_id is not null;
    end loop;
    perform set_config('syncd.tenant', '', true);
end
$$;
