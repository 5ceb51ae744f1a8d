-- Which request does what this transaction does?
select set_config('syncd.request', $1, true);
