-- Tells listeners, when and if this transaction commits. The payload is opaque: who may not see the project learns nothing.
select pg_notify('syncd_changes', $1);
