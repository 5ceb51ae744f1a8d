-- Who watches the status is told what to look at. A notice is a hint; its two random ids say nothing to who may not see the project.

create function tell_status() returns trigger
    language plpgsql as $$
declare
    changed record := coalesce(new, old);
begin
    perform pg_notify('syncd_status', changed.tenant_id || ':' || changed.project_id);
    return null;
end
$$;
comment on function tell_status() is 'Trigger: tells listeners of syncd_status, when the transaction commits, whose project looks different now.';

create trigger tell_status after insert or delete on projects for each row execute function tell_status();
-- Not of checked_at and attempted_at alone: an unchanged poll changes nothing that anybody waits for.
create trigger tell_status_of_change after update on projects for each row
    when ((old.name, old.branch, old.condition, old.reason, old.message, old.next_try_at, old.desired_commit, old.synced_commit, old.revision, old.removed_at)
          is distinct from
          (new.name, new.branch, new.condition, new.reason, new.message, new.next_try_at, new.desired_commit, new.synced_commit, new.revision, new.removed_at))
    execute function tell_status();
create trigger tell_status_of_freeze after update on project_leases for each row
    when ((old.freeze_id, old.freeze_until, old.freeze_reason) is distinct from (new.freeze_id, new.freeze_until, new.freeze_reason))
    execute function tell_status();
