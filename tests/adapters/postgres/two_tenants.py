"""Two tenants with two synced projects each: every tenant table holds rows of both."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4
from zlib import crc32

from syncd.adapters.embedded.redis import RedisServer
from syncd.adapters.folder.source import FolderSource
from syncd.adapters.postgres.agent_sessions import NewNote, NewSession, add_note, open_session
from syncd.adapters.postgres.connections import Connection, open_connection
from syncd.adapters.postgres.embeddings import Claim, NewVector, add_vectors, claim_project, list_unembedded
from syncd.adapters.postgres.idempotency import claim_request
from syncd.adapters.postgres.installations import add_installation, add_setup
from syncd.adapters.postgres.issuers import add_issuer
from syncd.adapters.postgres.keys import NewKey, add_key
from syncd.adapters.postgres.leases import mint_fence
from syncd.adapters.postgres.pulling import PublishedRevision
from syncd.adapters.postgres.sessions import Secrets, add_session, put_link
from syncd.adapters.postgres.transactions import in_project, writing
from syncd.adapters.postgres.usage import put_quota, record_requests
from syncd.adapters.postgres.users import add_user
from syncd.core.ids import ProjectId, TenantId, UserId
from syncd.core.locks import Lock
from syncd.core.paths import make_path_filter
from syncd.core.projects import NewProject
from syncd.core.setup_states import SetupState
from syncd.core.usage import AgentRequest, Quota, measure_requests
from syncd.core.users import Role, make_new_user
from tests.adapters.postgres.catalogue import list_tenant_tables
from tests.databases import Database
from tests.mirror import LIMITS, Mirror, open_mirror


@dataclass(frozen=True, slots=True)
class Party:
    """One of the two tenants: the locks of its two projects."""

    tenant_id: TenantId
    lock: Lock
    other_lock: Lock


@dataclass(frozen=True, slots=True)
class Table:
    """A tenant table. *columns* are those that an insert may name; *key* is the primary key."""

    name: str
    columns: Sequence[str]
    key: Sequence[str]

    @property
    def belongs_to_projects(self) -> bool:
        return "project_id" in self.columns


@dataclass(frozen=True, slots=True)
class World:
    """Who is there, and which tables they share."""

    database: Database
    ours: Party
    theirs: Party
    tables: Sequence[Table]


async def make_world(database: Database, redis_server: RedisServer, directory: Path) -> World:
    """Sync two projects of two tenants into *database*."""
    parties = [await _make_party(database, redis_server, directory / name, name) for name in ("acme", "globex")]
    async with open_connection(database.migrator_url) as connection:
        return World(database, parties[0], parties[1], await list_tables(connection))


async def _make_party(database: Database, redis_server: RedisServer, directory: Path, name: str) -> Party:
    async with open_mirror(database, redis_server, tenant=name) as mirror:
        key = NewKey(
            key_id=f"{name:x<12}", secret_hash=name.encode().ljust(32), name=f"key of {name}", scopes=["docs:read"]
        )
        await add_key(mirror.web_pool, mirror.tenant_id, key)
        await _bind_installation(mirror, name)
        await _use(mirror, key.key_id)
        await _sign_in(mirror, name)
        locks = [await _sync(mirror, directory, f"{name}{number}") for number in (1, 2)]
        await _open_agent_session(mirror, key.key_id, [lock.project_id for lock in locks])
        return Party(mirror.tenant_id, *locks)


async def _open_agent_session(mirror: Mirror, key_id: str, project_ids: Sequence[ProjectId]) -> None:
    now = datetime.now(UTC)
    session = NewSession(
        session_id=f"s-{mirror.tenant_id.hex[:16].translate(str.maketrans('0189', 'ghij'))}",
        key_id=key_id,
        role="author",
        project_ids=None,
        pins=dict.fromkeys(project_ids, PublishedRevision(1, None, now)),
        created_at=now,
        expires_at=now + timedelta(days=1),
        forget_before=now,
    )
    note = NewNote(session.session_id, "n1", key_id, role=None, reply_to=None, body="A note.", created_at=now)
    async with writing(mirror.read_pool, mirror.tenant_id) as connection:
        assert await open_session(connection, session, limit=10)
        assert await add_note(connection, note, limit=10) == "added"


async def _sign_in(mirror: Mirror, name: str) -> None:
    now = datetime.now(UTC)
    new = make_new_user(f"admin@{name}.example", username="admin", display_name=f"Admin of {name}", role=Role.OWNER)
    secrets = Secrets(secret_hash=bytes(32), refresh_hash=bytes(32), expires_at=now, idle_until=now)
    async with writing(mirror.web_pool, mirror.tenant_id) as connection:
        user = await add_user(connection, UserId(uuid4()), new, password_hash=None)
        await add_session(connection, uuid4(), user.user_id, secrets, ends_at=now, now=now)
        assert await claim_request(connection, bytes(32), bytes(32), now)
        await put_link(connection, uuid4(), user.user_id, secret_hash=bytes(32), expires_at=now, now=now)


async def _use(mirror: Mirror, key_id: str) -> None:
    now = datetime.now(UTC)
    request = AgentRequest(
        request_id=uuid4(), requested_at=now, key_id=key_id, tool="docs_read", argument_hash=None, outcome="ok",
        rows=1, bytes=4, tokens=1, milliseconds=1.5,
    )  # fmt: skip
    async with writing(mirror.read_pool, mirror.tenant_id) as connection:
        usage = {(now.date(), key_id, "docs_read"): measure_requests((request,), recorded=True)}
        assert await record_requests(connection, [request], usage)
    async with writing(mirror.web_pool, mirror.tenant_id) as connection:
        await put_quota(connection, Quota(calls_per_day=10))
        assert await add_issuer(connection, "https://login.example.com", f"org of {key_id}")


async def _bind_installation(mirror: Mirror, name: str) -> None:
    now, installation_id = datetime.now(UTC), crc32(name.encode())
    state = SetupState(mirror.tenant_id, name, uuid4(), now)
    async with writing(mirror.web_pool, mirror.tenant_id) as connection:
        assert await add_setup(connection, state, installation_id, now)
        assert await add_installation(connection, mirror.tenant_id, installation_id, account=name, now=now)


async def _sync(mirror: Mirror, directory: Path, name: str) -> Lock:
    folder = directory / name / "docs"
    folder.mkdir(parents=True)
    (folder / "guide.md").write_text(f"# Guide of {name}\n\nA word: {name}. See [the other](other.md).\n")
    (folder / "binary.md").write_bytes(b"\0" + name.encode())
    project = await mirror.add_project(NewProject(name=name, source="folder", folder=str(directory / name)))
    source = FolderSource(directory / name, matches=make_path_filter().matches, max_bytes=LIMITS.document_max_bytes)
    assert await mirror.sync(project, source) is not None
    nonce = uuid4()
    async with in_project(mirror.pool, mirror.tenant_id, project.project_id) as connection:
        minted = await mint_fence(connection, project.project_id, nonce, "tester")
        assert minted is not None
        await _embed(connection, mirror.tenant_id, project.project_id)
    return Lock(mirror.tenant_id, project.project_id, minted.fence, nonce)


async def _embed(connection: Connection, tenant_id: TenantId, project_id: ProjectId) -> None:
    now, claim = datetime.now(UTC), Claim(tenant_id, project_id, "words#1", uuid4())
    assert await claim_project(connection, claim, now=now, until=now)
    chunks = await list_unembedded(connection, project_id, claim.model, limit=10, after=b"")
    await add_vectors(connection, claim.model, [NewVector(chunk.chunk_hash, 0, [0.6, 0.8]) for chunk in chunks])


async def list_tables(connection: Connection) -> Sequence[Table]:
    """Return the tenant tables as the catalogue has them."""
    rows = await connection.fetch(
        """
        select c.relname as name,
               array(select a.attname::text from pg_attribute a
                     where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = '' order by a.attnum) as columns,
               array(select a.attname::text from pg_index i join pg_attribute a on a.attrelid = c.oid and a.attnum = any(i.indkey)
                     where i.indrelid = c.oid and i.indisprimary) as key
        from pg_class c
        where c.oid in (select ('syncd.' || quote_ident(name))::regclass from unnest($1::text[]) as name)
        order by c.relname
        """,
        await list_tenant_tables(connection),
    )
    return [Table(row["name"], row["columns"], row["key"]) for row in rows]
