-- Sessions of agents: revisions that are pinned together, and a log of notes that other agents of the tenant can pick up.

create table agent_sessions (
    tenant_id uuid not null references tenants on delete cascade,
    session_id text collate "C" not null check (session_id ~ '^s-[a-z2-7]{16}$'),
    opened_by text not null,
    project_ids uuid[],
    created_at timestamptz not null,
    expires_at timestamptz not null,
    closed_at timestamptz,
    primary key (tenant_id, session_id)
);
comment on table agent_sessions is 'What agents work on together. Removed with its pins and notes some time after it has expired.';
comment on column agent_sessions.session_id is 'Random: says nothing, and is no proof of who asks.';
comment on column agent_sessions.opened_by is 'The key of the agent that opened it, and may close it.';
comment on column agent_sessions.project_ids is 'The projects to which that key was narrowed; null: all. A key that does not open each of them does not see the session.';
comment on column agent_sessions.closed_at is 'When it was closed: no notes from then on; its pins hold until it expires.';
-- The open sessions of a tenant, newest first, and those that are to be forgotten.
create index agent_sessions_by_expiry on agent_sessions (tenant_id, expires_at desc);

create table agent_session_pins (
    tenant_id uuid not null,
    session_id text collate "C" not null,
    project_id uuid not null,
    revision integer not null check (revision >= 1),
    commit_sha text collate "C",
    synced_at timestamptz,
    primary key (tenant_id, session_id, project_id),
    foreign key (tenant_id, session_id) references agent_sessions on delete cascade,
    foreign key (tenant_id, project_id) references projects on delete cascade
);
comment on table agent_session_pins is 'The revision of each project that a session reads. Versions are kept as long as their project, so what is pinned stays readable.';
comment on column agent_session_pins.session_id is 'The session that pins it.';
comment on column agent_session_pins.revision is 'The newest when the session was opened.';
comment on column agent_session_pins.synced_at is 'When that revision became visible.';
-- For the foreign key: a project that is removed.
create index agent_session_pins_by_project on agent_session_pins (tenant_id, project_id);

create table agent_session_participants (
    tenant_id uuid not null,
    session_id text collate "C" not null,
    key_id text not null,
    role text not null check (length(role) <= 50),
    joined_at timestamptz not null,
    primary key (tenant_id, session_id, key_id),
    foreign key (tenant_id, session_id) references agent_sessions on delete cascade
);
comment on table agent_session_participants is 'Who opened a session or wrote in it, and as what: recorded in the transaction of the first note.';
comment on column agent_session_participants.session_id is 'The session taken part in.';
comment on column agent_session_participants.role is 'What the agent says it is, or empty.';
comment on column agent_session_participants.joined_at is 'When it opened the session or wrote its first note.';

create table agent_session_notes (
    tenant_id uuid not null,
    session_id text collate "C" not null,
    note_id text collate "C" not null check (length(note_id) between 1 and 100),
    number integer not null check (number >= 1),
    key_id text not null,
    reply_to text collate "C",
    body text not null check (length(body) between 1 and 4000),
    created_at timestamptz not null,
    deleted_at timestamptz,
    primary key (tenant_id, session_id, note_id),
    unique (tenant_id, session_id, number),
    foreign key (tenant_id, session_id, key_id) references agent_session_participants on delete cascade,
    foreign key (tenant_id, session_id, reply_to) references agent_session_notes on delete cascade
);
comment on table agent_session_notes is 'The log of a session: only ever added to. number counts in the order of commits, so that no page misses one.';
comment on column agent_session_notes.session_id is 'The session whose log it is in.';
comment on column agent_session_notes.note_id is 'Chosen by its author: the same note sent twice is there once.';
comment on column agent_session_notes.reply_to is 'The note that it answers.';
comment on column agent_session_notes.deleted_at is 'When its author took it back: it is no longer shown, and keeps its place.';
-- For the foreign keys: answers to a note, and notes of a participant.
create index agent_session_notes_by_reply on agent_session_notes (tenant_id, session_id, reply_to);
create index agent_session_notes_by_author on agent_session_notes (tenant_id, session_id, key_id);

alter table agent_sessions enable row level security;
alter table agent_sessions force row level security;
create policy tenant_isolation on agent_sessions
    using (tenant_id = (select current_tenant())) with check (tenant_id = (select current_tenant()));
alter table agent_session_pins enable row level security;
alter table agent_session_pins force row level security;
create policy tenant_isolation on agent_session_pins
    using (tenant_id = (select current_tenant())) with check (tenant_id = (select current_tenant()));
create policy project_scope on agent_session_pins as restrictive to syncd_sync using (project_id = (select current_project()));
alter table agent_session_participants enable row level security;
alter table agent_session_participants force row level security;
create policy tenant_isolation on agent_session_participants
    using (tenant_id = (select current_tenant())) with check (tenant_id = (select current_tenant()));
alter table agent_session_notes enable row level security;
alter table agent_session_notes force row level security;
create policy tenant_isolation on agent_session_notes
    using (tenant_id = (select current_tenant())) with check (tenant_id = (select current_tenant()));

create function open_agent_session(
    p_session_id text, p_key_id text, p_role text, p_project_ids uuid[], p_pinned uuid[], p_revisions integer[], p_commits text[],
    p_synced_at timestamptz[], p_now timestamptz, p_expires_at timestamptz, p_forget_before timestamptz, p_limit integer
) returns boolean
    language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    tenant uuid := syncd.current_tenant();
begin
    delete from syncd.agent_sessions s where s.tenant_id = tenant and s.expires_at < p_forget_before;
    if (select count(*) from syncd.agent_sessions s where s.tenant_id = tenant) >= p_limit then
        return false;
    end if;
    insert into syncd.agent_sessions (tenant_id, session_id, opened_by, project_ids, created_at, expires_at)
    values (tenant, p_session_id, p_key_id, p_project_ids, p_now, p_expires_at);
    insert into syncd.agent_session_pins (tenant_id, session_id, project_id, revision, commit_sha, synced_at)
    select tenant, p_session_id, n.project_id, n.revision, n.commit_sha, n.synced_at
    from unnest(p_pinned, p_revisions, p_commits, p_synced_at) as n (project_id, revision, commit_sha, synced_at);
    insert into syncd.agent_session_participants (tenant_id, session_id, key_id, role, joined_at)
    values (tenant, p_session_id, p_key_id, p_role, p_now);
    return true;
end
$$;
comment on function open_agent_session(text, text, text, uuid[], uuid[], integer[], text[], timestamptz[], timestamptz, timestamptz, timestamptz, integer)
    is 'Definer: opens a session of the current tenant with its pins, and forgets those that expired long ago. False: there are too many.';

create function add_agent_note(
    p_session_id text, p_note_id text, p_key_id text, p_role text, p_reply_to text, p_body text, p_now timestamptz, p_limit integer
) returns text
    language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    tenant uuid := syncd.current_tenant();
    session syncd.agent_sessions;
    there syncd.agent_session_notes;
    last integer;
begin
    -- One writer at a time, so that numbers follow commits.
    select * into session from syncd.agent_sessions s where s.tenant_id = tenant and s.session_id = p_session_id for update;
    if not found or session.expires_at <= p_now then
        return 'absent';
    end if;
    select * into there from syncd.agent_session_notes n
    where n.tenant_id = tenant and n.session_id = p_session_id and n.note_id = p_note_id;
    if found then
        return case when there.key_id = p_key_id and there.body = p_body and there.reply_to is not distinct from p_reply_to
                    then 'repeated' else 'taken' end;
    end if;
    if session.closed_at is not null then
        return 'closed';
    end if;
    if p_reply_to is not null and not exists (
        select from syncd.agent_session_notes n where n.tenant_id = tenant and n.session_id = p_session_id and n.note_id = p_reply_to
    ) then
        return 'unanswerable';
    end if;
    select coalesce(max(n.number), 0) into last from syncd.agent_session_notes n where n.tenant_id = tenant and n.session_id = p_session_id;
    if last >= p_limit then
        return 'full';
    end if;
    insert into syncd.agent_session_participants (tenant_id, session_id, key_id, role, joined_at)
    values (tenant, p_session_id, p_key_id, coalesce(p_role, ''), p_now)
    on conflict (tenant_id, session_id, key_id) do update set role = excluded.role where p_role is not null;
    insert into syncd.agent_session_notes (tenant_id, session_id, note_id, number, key_id, reply_to, body, created_at)
    values (tenant, p_session_id, p_note_id, last + 1, p_key_id, p_reply_to, p_body, p_now);
    return 'added';
end
$$;
comment on function add_agent_note(text, text, text, text, text, text, timestamptz, integer)
    is 'Definer: adds a note to a session of the current tenant, and its author to the participants. Says what became of it.';

create function delete_agent_note(p_session_id text, p_note_id text, p_key_id text, p_now timestamptz) returns boolean
    language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    update syncd.agent_session_notes n set deleted_at = coalesce(n.deleted_at, p_now)
    where n.tenant_id = syncd.current_tenant() and n.session_id = p_session_id and n.note_id = p_note_id and n.key_id = p_key_id;
    return found;
end
$$;
comment on function delete_agent_note(text, text, text, timestamptz) is 'Definer: takes back a note of its author. False: no such note of yours.';

create function close_agent_session(p_session_id text, p_key_id text, p_now timestamptz) returns boolean
    language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    update syncd.agent_sessions s set closed_at = coalesce(s.closed_at, p_now)
    where s.tenant_id = syncd.current_tenant() and s.session_id = p_session_id and s.opened_by = p_key_id;
    return found;
end
$$;
comment on function close_agent_session(text, text, timestamptz) is 'Definer: closes a session of whoever opened it. False: no such session of yours.';

grant select, insert, update, delete on agent_sessions to syncd_queue;
grant insert on agent_session_pins to syncd_queue;
grant select, insert, update on agent_session_participants, agent_session_notes to syncd_queue;
grant create on schema syncd to syncd_queue;
alter function open_agent_session(text, text, text, uuid[], uuid[], integer[], text[], timestamptz[], timestamptz, timestamptz, timestamptz, integer)
    owner to syncd_queue;
alter function add_agent_note(text, text, text, text, text, text, timestamptz, integer) owner to syncd_queue;
alter function delete_agent_note(text, text, text, timestamptz) owner to syncd_queue;
alter function close_agent_session(text, text, timestamptz) owner to syncd_queue;
revoke create on schema syncd from syncd_queue;
revoke all on function open_agent_session(text, text, text, uuid[], uuid[], integer[], text[], timestamptz[], timestamptz, timestamptz, timestamptz, integer),
    add_agent_note(text, text, text, text, text, text, timestamptz, integer), delete_agent_note(text, text, text, timestamptz),
    close_agent_session(text, text, timestamptz) from public;
grant execute on function open_agent_session(text, text, text, uuid[], uuid[], integer[], text[], timestamptz[], timestamptz, timestamptz, timestamptz, integer),
    add_agent_note(text, text, text, text, text, text, timestamptz, integer), delete_agent_note(text, text, text, timestamptz),
    close_agent_session(text, text, timestamptz) to syncd_read;
grant select on agent_sessions, agent_session_pins, agent_session_participants, agent_session_notes to syncd_read, syncd_web;
-- The daemon sees what is pinned: whoever lets it forget old versions asks here first.
grant select on agent_session_pins to syncd_sync;
