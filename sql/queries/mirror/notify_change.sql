-- Tells listeners, when and if this transaction commits. The payload is opaque: who may not see the project learns nothing.
select pg_notify('syncd_changes', concat_ws(':', $1::uuid, current_tenant(), $2::integer));
