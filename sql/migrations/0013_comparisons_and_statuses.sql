-- When docs were last compared as a whole, whether a push rewrote history, and what GitHub was told of a commit.

alter table projects add column compared_at timestamptz;
comment on column projects.compared_at is 'When the complete listing of the source was last held against every stored document; null before the first time.';
alter table projects add column commit_status boolean not null default false;
comment on column projects.commit_status is 'Whether the outcome of a sync is told to GitHub, as a status of the commit.';
alter table projects add column status_mark text check (length(status_mark) <= 200);
comment on column projects.status_mark is 'What GitHub was last told: commit, state, and revision or reason. The same is not told twice.';

alter table sync_runs add column history_rewritten boolean;
comment on column sync_runs.history_rewritten is 'The commit of the run does not descend from the one before it (a force-push); null where nobody could tell.';

grant update (compared_at, status_mark) on projects to syncd_sync;
-- Asked after the docs are visible: nobody waits for it.
grant update (history_rewritten) on sync_runs to syncd_sync;
grant update (commit_status) on projects to syncd_web;
