-- Which project may this transaction of the daemon touch?
select set_config('syncd.tenant', ($1::uuid)::text, true), set_config('syncd.project', ($2::uuid)::text, true);
