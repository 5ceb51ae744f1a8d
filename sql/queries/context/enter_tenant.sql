-- Whose rows may this transaction see? Without it, none.
select set_config('syncd.tenant', ($1::uuid)::text, true);
