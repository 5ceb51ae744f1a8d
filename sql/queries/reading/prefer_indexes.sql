-- Let the rest of this transaction find rows by indexes: for words that stand nearly everywhere the planner would read the whole table of all
-- tenants' chunks, where a sample by the index is wanted.
select set_config('enable_seqscan', 'off', true);
