-- Projects, what is due, and the lease that every write of a sync must hold.

create table projects (
    tenant_id uuid not null references tenants on delete cascade,
    project_id uuid not null default gen_random_uuid(),
    name text not null check (name ~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$'),
    source text not null check (source in ('github', 'folder')),
    repository text,
    repository_id bigint,
    folder text,
    branch text,
    docs_path text,
    include text[] not null default '{}',
    exclude text[] not null default '{}',
    credential bytea,
    -- What was asked for, and how it stands. Written by the daemon without a fence: never content.
    condition text not null default 'waiting' check (condition in ('waiting', 'syncing', 'ready', 'frozen', 'stalled')),
    reason text,
    message text,
    hint text,
    next_try_at timestamptz,
    checked_at timestamptz,
    attempted_at timestamptz,
    desired_commit text,
    held_tree_sha text,
    -- What is published. Written under the fence, in the transaction that publishes it.
    revision integer not null default 0,
    synced_commit text,
    tree_sha text,
    source_mark text,
    selection_hash bytea,
    synced_docs_path text,
    synced_at timestamptz,
    documents integer not null default 0,
    chunks integer not null default 0,
    skipped integer not null default 0,
    removed_at timestamptz,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    primary key (tenant_id, project_id),
    check ((source = 'github') = (repository is not null)),
    check ((source = 'folder') = (folder is not null))
) with (fillfactor = 80);
comment on table projects is 'What is mirrored: a source, what of it, and the state that is published. documents, chunks and skipped count the published revision.';
comment on column projects.credential is 'AES-256-GCM ciphertext of the source''s token, bound to tenant and project. Agents'' role cannot read it.';
comment on column projects.source_mark is 'What the source gave for the synced head (an ETag): an unchanged head costs one conditional request.';
comment on column projects.checked_at is 'When the source was last seen to be what is published.';
comment on column projects.attempted_at is 'When the last look at the source that has ended, however it ended, began: what changed before then was seen.';
comment on column projects.selection_hash is 'Hash of docs path, globs and limits at the last sync: a change of them makes the same tree a new question.';
comment on column projects.held_tree_sha is 'A tree that would remove most documents, seen once. Seen again, it is believed.';
comment on column projects.removed_at is 'Set by a person; the daemon then deletes the project under its lease. Readers stop seeing it at once.';
comment on column projects.repository_id is 'The source''s own id of the repository: it stays when the repository is renamed, and changes when another takes its name.';
comment on column projects.include is 'Globs of more files that are documents, beside the formats known by extension.';
comment on column projects.exclude is 'Globs of files that are no documents, whatever includes them.';
comment on column projects.condition is 'How the project stands: waiting, syncing, ready, frozen, or stalled until a person acts.';
comment on column projects.reason is 'Code of the trouble that condition speaks of; message and hint say it in words.';
comment on column projects.next_try_at is 'When a project in trouble is tried again by itself.';
comment on column projects.desired_commit is 'The commit that the source was last seen at.';
comment on column projects.revision is 'Counts the published states of the project; 0 before the first.';
comment on column projects.synced_commit is 'The commit of the published revision; null for a folder that is not a clean work tree.';
comment on column projects.tree_sha is 'SHA of the docs tree that is published: the same tree is not listed again.';
comment on column projects.synced_docs_path is 'Where the published docs stand in the source, also when docs_path was left to be found.';
comment on column projects.synced_at is 'When the published commit became visible.';
-- A name is free again as soon as its project is marked for removal.
create unique index projects_by_name on projects (tenant_id, name) where removed_at is null;
create trigger touch_updated_at before update of name, repository, branch, docs_path, include, exclude, credential, removed_at on projects
    for each row execute function touch_updated_at();

create table sync_queue (
    tenant_id uuid not null,
    project_id uuid not null,
    due_at timestamptz not null,
    requested_at timestamptz,
    failures integer not null default 0,
    primary key (tenant_id, project_id),
    foreign key (tenant_id, project_id) references projects on delete cascade
) with (fillfactor = 50);
comment on table sync_queue is 'Control table: when to look at which project next. requested_at is the dirty flag: a request during a run causes one more. Holds no content.';
comment on column sync_queue.due_at is 'When to look next. A claim moves it on, so that the project of a daemon that died comes back by itself.';
comment on column sync_queue.requested_at is 'When somebody last asked for a look.';
comment on column sync_queue.failures is 'Failures in a row: the pause before the next try grows with it.';
-- The loop asks "what is due" across tenants, every few seconds.
create index sync_queue_by_due on sync_queue (due_at);

create table project_leases (
    tenant_id uuid not null,
    project_id uuid not null,
    fence bigint not null default 0,
    nonce uuid,
    holder text,
    acquired_at timestamptz,
    freeze_id uuid,
    frozen_by text,
    frozen_at timestamptz,
    freeze_until timestamptz,
    freeze_reason text,
    primary key (tenant_id, project_id),
    foreign key (tenant_id, project_id) references projects on delete cascade
) with (fillfactor = 50);
comment on table project_leases is 'The authority behind the Redis lock: who may write now (fence and nonce), and the durable freeze.';

comment on column project_leases.fence is 'Grows by one with every holder. A write that names an older one is refused.';
comment on column project_leases.nonce is 'Random secret of the holder: a fence can be guessed, this cannot. Only the daemon''s role can read it.';
comment on column project_leases.holder is 'Who minted the fence: shown to operators.';
comment on column project_leases.acquired_at is 'When the fence was minted.';
comment on column project_leases.freeze_id is 'Set while a person holds the project frozen.';
comment on column project_leases.frozen_by is 'Who froze it.';
comment on column project_leases.frozen_at is 'Since when.';
comment on column project_leases.freeze_until is 'Until when; null until it is lifted. A time that has passed is no freeze.';
comment on column project_leases.freeze_reason is 'Why, in the words of who froze it.';

create table lock_events (
    tenant_id uuid not null,
    project_id uuid not null,
    event_id uuid not null default gen_random_uuid(),
    at timestamptz not null default clock_timestamp(),
    action text not null check (action in ('acquire', 'renew_lost', 'release', 'expire_takeover', 'freeze', 'unfreeze', 'force_release', 'clamp', 'redis_rebuilt')),
    actor text not null,
    reason text,
    fence bigint,
    previous_holder text,
    primary key (tenant_id, project_id, event_id),
    foreign key (tenant_id, project_id) references projects on delete cascade
);
comment on table lock_events is 'Append-only history of every lock. No role of a service may update or delete a row.';
comment on column lock_events.reason is 'Why, in the words of the actor.';
comment on column lock_events.fence is 'The fence that the event made or ended.';
comment on column lock_events.previous_holder is 'Who held the lock until then.';
-- A project's history is read newest first.
create index lock_events_by_time on lock_events (tenant_id, project_id, at desc);

alter table projects enable row level security;
alter table projects force row level security;
create policy tenant_isolation on projects
    using (tenant_id = (select current_tenant())) with check (tenant_id = (select current_tenant()));
create policy project_scope on projects as restrictive to syncd_sync using (project_id = (select current_project()));

alter table project_leases enable row level security;
alter table project_leases force row level security;
create policy tenant_isolation on project_leases
    using (tenant_id = (select current_tenant())) with check (tenant_id = (select current_tenant()));
create policy project_scope on project_leases as restrictive to syncd_sync using (project_id = (select current_project()));
create policy prepare_any_project on project_leases for insert to syncd_queue with check (true);

alter table lock_events enable row level security;
alter table lock_events force row level security;
create policy tenant_isolation on lock_events
    using (tenant_id = (select current_tenant())) with check (tenant_id = (select current_tenant()));
create policy project_scope on lock_events as restrictive to syncd_sync using (project_id = (select current_project()));

create function assert_fence() returns void
    language plpgsql as $$
begin
    -- FOR SHARE makes a takeover wait for this transaction, and this transaction see a takeover: measured, nothing less is enough.
    perform 1 from syncd.project_leases l
    where l.tenant_id = syncd.current_tenant() and l.project_id = syncd.current_project()
      and l.fence = nullif(current_setting('syncd.fence', true), '')::bigint
      and l.nonce = nullif(current_setting('syncd.nonce', true), '')::uuid
      and (l.freeze_id is null or l.freeze_until < now())
    for share;
    if not found then
        raise exception 'the lock of this project is not held: lost, taken over, or frozen' using errcode = 'DS001';
    end if;
end
$$;
comment on function assert_fence() is 'Raises DS001 unless this transaction holds the lease of its project (settings syncd.tenant, project, fence, nonce) and no freeze stands.';

create function enter_fence(p_tenant_id uuid, p_project_id uuid, p_fence bigint, p_nonce uuid) returns void
    language plpgsql as $$
begin
    perform set_config('syncd.tenant', p_tenant_id::text, true), set_config('syncd.project', p_project_id::text, true),
            set_config('syncd.fence', p_fence::text, true), set_config('syncd.nonce', p_nonce::text, true);
    perform syncd.assert_fence();
end
$$;
comment on function enter_fence(uuid, uuid, bigint, uuid) is 'First statement of every write transaction of a sync.';

create function refuse_unfenced() returns trigger
    language plpgsql as $$
begin
    perform syncd.assert_fence();
    return null;
end
$$;
comment on function refuse_unfenced() is 'Statement trigger: no code path can write without the lease, whatever it forgets.';

create trigger refuse_unfenced before update of revision, synced_commit, tree_sha, source_mark, selection_hash, synced_docs_path, synced_at, documents, chunks,
    skipped on projects for each statement execute function refuse_unfenced();
create trigger refuse_unfenced_delete before delete on projects for each statement execute function refuse_unfenced();

create function prepare_project() returns trigger
    language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    insert into syncd.project_leases (tenant_id, project_id) values (new.tenant_id, new.project_id);
    insert into syncd.sync_queue (tenant_id, project_id, due_at) values (new.tenant_id, new.project_id, now());
    perform pg_notify('syncd_due', '');
    return null;
end
$$;
comment on function prepare_project() is 'Definer trigger: a new project has its lease and is due at once.';
create trigger prepare_project after insert on projects for each row execute function prepare_project();

create function request_sync(p_project_id uuid, p_now timestamptz) returns boolean
    language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    tenant uuid := syncd.current_tenant();
begin
    update syncd.sync_queue q set due_at = p_now, requested_at = p_now, failures = 0
    where q.tenant_id = tenant and q.project_id = p_project_id;
    if found then
        perform pg_notify('syncd_due', '');
    end if;
    return found;
end
$$;
comment on function request_sync(uuid, timestamptz) is 'Definer: marks a project of the current tenant due and wakes the loop. False: no such project, or not yours.';

grant insert on project_leases to syncd_queue;
grant select, insert, update on sync_queue to syncd_queue;
grant create on schema syncd to syncd_queue;
alter function prepare_project() owner to syncd_queue;
alter function request_sync(uuid, timestamptz) owner to syncd_queue;
revoke create on schema syncd from syncd_queue;
revoke all on function prepare_project(), request_sync(uuid, timestamptz) from public;
grant execute on function request_sync(uuid, timestamptz) to syncd_web, syncd_read;

grant select, delete,
      update (repository, repository_id, condition, reason, message, hint, next_try_at, checked_at, attempted_at, desired_commit, held_tree_sha,
              revision, synced_commit, tree_sha, source_mark, selection_hash, synced_docs_path, synced_at, documents, chunks, skipped) on projects to syncd_sync;
grant select, update, delete on sync_queue to syncd_sync;
-- The daemon mints; freezing and unfreezing is a person's.
grant select, update (fence, nonce, holder, acquired_at) on project_leases to syncd_sync;
grant select, insert on lock_events to syncd_sync;
grant select, insert,
      update (name, repository, repository_id, branch, docs_path, include, exclude, credential, removed_at) on projects to syncd_web;
grant select (tenant_id, project_id, fence, holder, acquired_at, freeze_id, frozen_by, frozen_at, freeze_until, freeze_reason) on project_leases to syncd_web, syncd_read;
grant select on lock_events to syncd_web, syncd_read;
grant select (tenant_id, project_id, name, source, repository, repository_id, folder, branch, docs_path, include, exclude, condition, reason, message, hint,
              next_try_at, checked_at, attempted_at, desired_commit, revision, synced_commit, tree_sha, synced_docs_path, synced_at, documents, chunks, skipped,
              removed_at, created_at, updated_at) on projects to syncd_read;
