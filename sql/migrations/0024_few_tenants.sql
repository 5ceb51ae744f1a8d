-- Nobody reads an index of the tenants that are marked for removal: there are few tenants, and they are asked for once an hour.
drop index tenants_removed;
