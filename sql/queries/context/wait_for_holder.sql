-- How long may this transaction wait for a write of the lock's holder? Longer than reads may take, shorter than a call.
select set_config('statement_timeout', '8s', true), set_config('lock_timeout', '7s', true);
