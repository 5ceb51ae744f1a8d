-- Lets the rest of this transaction act as the owner of the schema, within limits.
select set_config('role', 'syncd_owner', true),
       set_config('search_path', 'syncd, public', true),
       set_config('lock_timeout', $1, true),
       set_config('statement_timeout', $2, true);
