"""The schema keeps its rules, and each rule is noticed when somebody breaks it."""

import pytest

from syncd.adapters.postgres.connections import Connection
from tests.adapters.postgres.catalogue import CHECKS, list_faults

# A table as it should be: each entry of BROKEN leaves out or adds one thing.
GOOD_TABLE = """
create table notes (
    tenant_id uuid not null, project_id uuid not null, name text not null,
    primary key (tenant_id, project_id, name),
    foreign key (tenant_id, project_id) references projects
);
comment on table notes is 'Notes.';
alter table notes enable row level security;
alter table notes force row level security;
create policy tenant_isolation on notes
    using (tenant_id = (select current_tenant())) with check (tenant_id = (select current_tenant()));
create policy project_scope on notes as restrictive to syncd_sync using (project_id = (select current_project()));
create trigger refuse_unfenced before insert or update or delete on notes for each statement execute function refuse_unfenced();
grant select, insert, update, delete on notes to syncd_sync;
grant select on notes to syncd_read, syncd_web;
"""

# What somebody might write after it, the check that must notice, and a word of what it says.
BROKEN = [
    (
        "alter table notes drop constraint notes_pkey; alter table notes alter column tenant_id drop not null",
        "isolation",
        "notes: tenant_id",
    ),
    ("alter table notes disable row level security", "isolation", "notes: row security is off"),
    ("alter table notes no force row level security", "isolation", "notes: row security does not bind the owner"),
    ("drop policy tenant_isolation on notes", "isolation", "notes: no policy"),
    ("alter policy tenant_isolation on notes with check (true)", "isolation", "notes: no policy"),
    ("alter policy tenant_isolation on notes using (true)", "isolation", "notes: no policy"),
    ("alter policy tenant_isolation on notes to syncd_read", "isolation", "notes: no policy"),
    ("create table plain (tenant_id uuid)", "isolation", "plain: no policy"),
    ("create table apart (id int primary key)", "isolation", "apart: tenant_id"),
    ("drop policy project_scope on notes", "project scope", "notes"),
    ("alter policy project_scope on notes using (true)", "project scope", "notes"),
    ("alter policy project_scope on notes to syncd_web", "project scope", "notes"),
    ("create policy wide on notes for select to syncd_read using (true)", "policies", "notes: policy wide"),
    ("alter policy stamp_any_key on api_keys to syncd_web", "policies", "api_keys: policy stamp_any_key"),
    ("alter table notes add unique (name)", "keys", "notes_name_key"),
    ("create unique index by_name on notes (name, tenant_id)", "keys", "by_name"),
    ("create unique index by_lower on notes (lower(name))", "keys", "by_lower"),
    (
        "alter table notes drop constraint notes_pkey; alter table notes add primary key (project_id, tenant_id, name)",
        "keys",
        "notes_pkey",
    ),
    (
        (
            "create unique index on projects (tenant_id, revision); alter table notes add owner text; "
            "alter table api_keys add unique (key_id); alter table notes add foreign key (owner) references api_keys (key_id)"
        ),
        "keys",
        "notes.notes_owner_fkey",
    ),
    ("alter table notes drop constraint notes_pkey", "foreign key indexes", "notes.notes_tenant_id_project_id_fkey"),
    ("drop index document_chunks_by_chunk", "foreign key indexes", "document_chunks"),
    ("drop trigger refuse_unfenced on notes", "fence", "notes: insert"),
    ("alter table notes disable trigger refuse_unfenced", "fence", "notes: delete"),
    (
        (
            "drop trigger refuse_unfenced on notes; create trigger refuse_unfenced before insert or update on notes "
            "for each statement execute function refuse_unfenced()"
        ),
        "fence",
        "notes: delete",
    ),
    (
        (
            "drop trigger refuse_unfenced on notes; create trigger refuse_unfenced before insert or delete or update of name on notes "
            "for each statement execute function refuse_unfenced()"
        ),
        "fence",
        "notes: update",
    ),
    ("drop trigger refuse_unfenced_delete on projects", "fence", "projects: delete"),
    ("drop trigger refuse_unfenced on projects", "fence", "projects.revision: update"),
    (
        (
            "create function f() returns int language sql security definer set search_path = pg_catalog, pg_temp return 1; "
            "revoke all on function f() from public"
        ),
        "definers",
        "f: a definer function",
    ),
    ("alter function request_sync(uuid, timestamptz) reset search_path", "definers", "request_sync: its search path"),
    (
        "alter function request_sync(uuid, timestamptz) set search_path = syncd",
        "definers",
        "request_sync: its search path",
    ),
    ("grant execute on function request_sync(uuid, timestamptz) to public", "definers", "request_sync: everybody"),
    (
        "alter function request_sync(uuid, timestamptz) owner to syncd_owner",
        "definers",
        "request_sync: a definer function",
    ),
    ("drop function collect_orphans(timestamptz)", "definers", "collect_orphans: the definer function is missing"),
    ("create view v as select name from notes", "views", "v: a view"),
    ("create materialized view m as select name from notes", "views", "m: a view"),
    ("alter role syncd_read bypassrls", "roles", "syncd_read: is stronger"),
    ("alter role test_sync createrole", "roles", "test_sync: is stronger"),
    ("alter role syncd_web login", "roles", "syncd_web: a group that can sign in"),
    ("grant syncd_sync to test_read", "roles", "test_read: a login that is in more"),
    ("grant syncd_sync to syncd_web", "roles", "syncd_web: a service's group"),
    ("alter table notes owner to test_web", "roles", "test_web: a login that owns"),
    ("alter table notes owner to test_web", "owners", "notes: belongs to test_web"),
    ("grant select on notes to public", "grants", "notes: granted to everybody"),
    ("grant select (name) on notes to public", "grants", "notes.name: granted to everybody"),
    ("grant usage on schema syncd to public", "grants", "schema: granted"),
    ("grant select on projects to syncd_read", "grants", "projects.credential: a secret"),
    ("grant select (secret_hash) on api_keys to syncd_read", "grants", "api_keys.secret_hash: a secret"),
    ("grant insert on notes to syncd_read", "grants", "notes: agents can write"),
    ("grant update (reason) on lock_events to syncd_sync", "grants", "lock_events: syncd_sync can change history"),
    ("grant truncate on notes to syncd_sync", "grants", "notes: syncd_sync can truncate"),
    ("grant create on schema syncd to syncd_web", "grants", "syncd_web: can create"),
    ("comment on table notes is null", "comments", "notes: the table"),
    ("alter table notes add column riddle int", "comments", "notes.riddle: the column"),
    ("comment on function request_sync(uuid, timestamptz) is null", "comments", "request_sync: the function"),
]


async def test_the_schema_keeps_every_rule(migrator: Connection) -> None:
    assert await list_faults(migrator) == []


async def test_a_table_made_as_the_page_says_keeps_every_rule(migrator: Connection) -> None:
    await become_owner(migrator)
    await migrator.execute(GOOD_TABLE)
    assert await list_faults(migrator) == []


@pytest.mark.parametrize(("statement", "check", "fault"), BROKEN)
async def test_a_broken_rule_is_noticed(migrator: Connection, statement: str, check: str, fault: str) -> None:
    await become_owner(migrator)
    await migrator.execute(GOOD_TABLE)
    await migrator.execute("reset role")
    await migrator.execute(statement)
    assert any(found.startswith(fault) for found in await CHECKS[check](migrator))


def test_every_check_is_shown_to_notice() -> None:
    assert {check for _, check, _ in BROKEN} == CHECKS.keys()


async def become_owner(connection: Connection) -> None:
    await connection.execute("set local role syncd_owner")
