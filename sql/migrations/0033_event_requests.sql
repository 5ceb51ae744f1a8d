-- An event of a lock says which request made it: the same id stands in the log, and beside what an agent asked.

alter table lock_events add column request_id text default left(nullif(current_setting('syncd.request', true), ''), 64);
comment on column lock_events.request_id is 'The request over REST or MCP that made it, as its transaction named it; null for a daemon or a command.';
