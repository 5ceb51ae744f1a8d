"""Every query fits the schema and the login that runs it, is loaded once, and stands beside a function of its name."""

import ast
import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import fields
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio

import mcp_server
import syncd
from syncd.adapters.embedded.postgres import PostgresServer
from syncd.adapters.postgres.agent_sessions import AgentSession, Note, Participant
from syncd.adapters.postgres.connections import Connection, open_connection
from syncd.adapters.postgres.embeddings import Standing, UnembeddedChunk, Unfinished
from syncd.adapters.postgres.freezes import LockDuty
from syncd.adapters.postgres.idempotency import KnownRequest
from syncd.adapters.postgres.installations import BoundInstallation
from syncd.adapters.postgres.issuers import TrustedIssuer
from syncd.adapters.postgres.keys import ResolvedKey, StoredKey
from syncd.adapters.postgres.leases import Minted
from syncd.adapters.postgres.measures import EmbeddingMeasure
from syncd.adapters.postgres.platform_keys import PlatformKey
from syncd.adapters.postgres.pulling import PublishedRevision, RevisionFile
from syncd.adapters.postgres.reading.changes import Change
from syncd.adapters.postgres.reading.chunks import ReadableChunk
from syncd.adapters.postgres.reading.documents import LevelEntry, ReadableDocument
from syncd.adapters.postgres.reading.histories import Step
from syncd.adapters.postgres.reading.links import OrderedLink, PlacedLink, PlainDocument, SelfDescription
from syncd.adapters.postgres.reading.projects import Attempt, ReadableProject
from syncd.adapters.postgres.reading.vectors import Embedded
from syncd.adapters.postgres.recutting import OutdatedVersion
from syncd.adapters.postgres.sessions import LiveSession
from syncd.adapters.postgres.statements import load_statement, sql_directory
from syncd.adapters.postgres.status import EmbeddingState
from syncd.adapters.postgres.tenants import Tenant
from syncd.adapters.postgres.usage import NamedUsage
from syncd.core.documents import StoredDocument
from syncd.core.locks import Lease, LockEvent
from syncd.core.outline import Link
from syncd.core.projects import Due, Project
from syncd.core.sessions import Refreshable
from syncd.core.usage import Quota
from syncd.core.users import User
from tests.databases import Database
from tests.plain_database import database_without_vectors

QUERIES = sql_directory() / "queries"
NAMES = sorted(str(path.relative_to(QUERIES).with_suffix("")) for path in QUERIES.rglob("*.sql"))
FALLBACKS = ("_without_vectors", "_in_arrays")
# Statements that Postgres plans nothing for: they can be prepared and not explained.
UTILITIES = ("migrations/open_history", "migrations/grant_history")
# Queries that a function of another name runs.
ELSEWHERE = {
    "context/enter_fence": {"fenced"},
    "context/enter_project": {"in_project"},
    "context/enter_tenant": {"reading", "writing"},
    "migrations/add_applied": {"_run_one"},
    "migrations/enter_owner": {"run_migrations", "_run_one"},
    "migrations/find_history": {"list_pending"},
    "migrations/grant_history": {"run_migrations"},
    "migrations/list_applied": {"list_pending"},
    "migrations/open_history": {"run_migrations"},
    "migrations/release_lock": {"run_migrations"},
    "migrations/try_lock": {"_take_lock"},
    "keys/add_key": {"insert_key"},
    "mirror/notify_change": {"publish_revision"},
    "projects/get_project": {"find_project_by_id"},
    "roles/list_missing_groups": {"_require_groups"},
    "roles/put_login": {"put_logins"},
    "status/ping": {"check_postgres", "check_schema"},
    "tenants/get_tenant": {"get_tenant_name"},
}
# Rows that become a value field by field.
VALUES = {
    "agent_sessions/find_note": Note,
    "agent_sessions/find_session": AgentSession,
    "agent_sessions/list_notes": Note,
    "agent_sessions/list_participants": Participant,
    "agent_sessions/list_sessions": AgentSession,
    "installations/list_installations": BoundInstallation,
    "embeddings/claim_project": Standing,
    "embeddings/find_unfinished": Unfinished,
    "embeddings/list_unembedded": UnembeddedChunk,
    "reading/list_embeddings": Embedded,
    "status/list_embeddings": EmbeddingState,
    "status/measure_embeddings": EmbeddingMeasure,
    "issuers/list_issuers": TrustedIssuer,
    "keys/list_keys": StoredKey,
    "keys/list_keys_by_id": StoredKey,
    "idempotency/find_request": KnownRequest,
    "platform/list_platform_keys": PlatformKey,
    "tenants/find_tenant_by_id": Tenant,
    "tenants/rename_tenant": Tenant,
    "keys/resolve_key": ResolvedKey,
    "leases/get_lease": Lease,
    "leases/list_lock_duties": LockDuty,
    "leases/list_lock_events": LockEvent,
    "leases/mint_fence": Minted,
    "mirror/list_outdated": OutdatedVersion,
    "mirror/list_stored": StoredDocument,
    "projects/find_project": Project,
    "projects/get_project": Project,
    "projects/list_projects": Project,
    "pulling/find_revision": PublishedRevision,
    "pulling/find_revision_at_time": PublishedRevision,
    "pulling/list_files": RevisionFile,
    "pulling/list_revisions_of_commits": PublishedRevision,
    "queue/claim_due": Due,
    "reading/find_document": ReadableDocument,
    "reading/find_former": ReadableDocument,
    "reading/find_attempt": Attempt,
    "reading/find_version": ReadableDocument,
    "reading/list_changes": Change,
    "reading/list_chunks": ReadableChunk,
    "reading/list_documents": ReadableDocument,
    "reading/list_documents_at": ReadableDocument,
    "reading/list_level": LevelEntry,
    "reading/find_outline": SelfDescription,
    "reading/list_links": Link,
    "reading/list_links_at": OrderedLink,
    "reading/list_plain_documents": PlainDocument,
    "reading/list_links_to": PlacedLink,
    "reading/list_versions": Step,
    "sessions/find_session": LiveSession,
    "sessions/lock_session": Refreshable,
    "usage/find_quota": Quota,
    "usage/list_usage": NamedUsage,
    "tenants/add_tenant": Tenant,
    "tenants/find_tenant": Tenant,
    "tenants/list_tenants": Tenant,
    "users/add_user": User,
    "users/find_user": User,
    "users/get_user": User,
    "users/list_users": User,
    "users/update_user": User,
}


def read_logins() -> dict[str, list[str]]:
    """Return the table of sql/queries/README.md: the logins of each folder and of the files that differ from it."""
    rows = re.findall(r"^\| `([\w/]+)` \| ([\w, ]+) \|$", (QUERIES / "README.md").read_text(), re.MULTILINE)
    return {name: logins.split(", ") for name, logins in rows}


def list_logins(name: str) -> list[str]:
    """Return the logins that run a query."""
    table = read_logins()
    return table[name] if name in table else table[name.split("/", maxsplit=1)[0]]


def list_loads() -> Iterator[tuple[str, Path, set[str]]]:
    """Yield every load_statement of the packages: the query, the module, and the functions that run it."""
    for package in (syncd, mcp_server):
        for path in sorted(Path(package.__file__ or "").parent.rglob("*.py")):
            tree = ast.parse(path.read_text(encoding="utf-8"))
            for call in ast.walk(tree):
                if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "load_statement":
                    argument = call.args[0]
                    assert isinstance(argument, ast.Constant), f"{path}: a query is named by a constant"
                    yield str(argument.value), path, _list_users(tree, call)


def _list_users(tree: ast.Module, call: ast.Call) -> set[str]:
    """Return the functions that hold *call*, or that read the module's constant it is assigned to."""
    constants = {
        target.id
        for node in tree.body
        if isinstance(node, ast.Assign) and node.value is call
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    return {
        function.name
        for function in functions
        for node in ast.walk(function)
        if node is call or (isinstance(node, ast.Name) and node.id in constants)
    }


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def arrays_database(postgres: PostgresServer, template: str) -> AsyncIterator[Database]:
    """A migrated database without pgvector."""
    assert template  # the groups are there
    async with database_without_vectors(postgres) as plain:
        yield plain


def get_url(database: Database, login: str) -> str:
    urls = {
        "sync": database.sync_url,
        "web": database.web_url,
        "read": database.read_url,
        "migrator": database.migrator_url,
    }
    return urls[login]


async def check_statement(connection: Connection, statement: str) -> None:
    """Raise where the statement does not fit the schema, or where the login lacks a privilege for it: explaining asks for both."""
    await connection.prepare(statement)
    await connection.execute(f"explain (generic_plan) {statement}")


@pytest.mark.parametrize("name", NAMES)
async def test_a_query_fits_the_schema_and_its_logins(
    still_database: Database, arrays_database: Database, name: str
) -> None:
    database = arrays_database if name.endswith(FALLBACKS) else still_database
    for login in list_logins(name):
        async with open_connection(get_url(database, login)) as connection:
            if name == "roles/put_login":
                await connection.execute((sql_directory() / "roles" / "logins.sql").read_text())
            if name in UTILITIES:
                await connection.prepare(load_statement(name))
            else:
                await check_statement(connection, load_statement(name))


@pytest.mark.parametrize("name", sorted(VALUES))
async def test_a_query_returns_the_fields_of_its_value(still_database: Database, name: str) -> None:
    async with open_connection(still_database.migrator_url) as connection:
        attributes = (await connection.prepare(load_statement(name))).get_attributes()
    columns = [attribute.name for attribute in attributes]
    assert sorted(columns) == sorted(field.name for field in fields(VALUES[name]))


async def test_a_document_read_at_once_comes_in_the_order_of_its_values(still_database: Database) -> None:
    async with open_connection(still_database.read_url) as connection:
        attributes = (await connection.prepare(load_statement("reading/read_document"))).get_attributes()
    project = [field.name for field in fields(ReadableProject) if field.name != "web_url"]
    document = [field.name for field in fields(ReadableDocument)]
    assert [attribute.name for attribute in attributes] == [*project, *document, "body", "places", "reading"]


async def test_a_query_that_its_login_may_not_run_is_noticed(still_database: Database) -> None:
    async with open_connection(still_database.read_url) as connection:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await check_statement(connection, load_statement("projects/get_credential"))


def test_every_query_is_loaded_exactly_once() -> None:
    assert sorted(name for name, _, _ in list_loads()) == NAMES


def test_every_query_is_run_by_the_function_of_its_name() -> None:
    strangers = []
    for name, path, users in list_loads():
        stem = name.split("/")[1]
        for fallback in FALLBACKS:
            stem = stem.removesuffix(fallback)
        wanted = ELSEWHERE.get(name, {stem})
        if users != wanted:
            strangers.append(f"{path.name}: {name} is run by {', '.join(sorted(users)) or 'nobody'}")
    assert strangers == []


def test_every_query_says_which_question_it_answers() -> None:
    silent = [name for name in NAMES if not re.match(r"-- .{10,}", load_statement(name))]
    assert silent == []


def test_no_query_asks_for_every_column() -> None:
    assert [name for name in NAMES if re.search(r"select\s+(\w+\.)?\*", load_statement(name))] == []


def test_the_table_of_logins_names_nothing_that_is_gone() -> None:
    folders = {name.split("/")[0] for name in NAMES}
    assert {name for name in read_logins() if name not in NAMES} == folders - {"context"}
