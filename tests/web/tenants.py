"""Two tenants with a synced project, a key and a user each, and the addresses of what is theirs."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from syncd.adapters.embedded.redis import RedisServer
from syncd.core.keys import ALL_SCOPES
from syncd.core.projects import NewProject, Project
from syncd.core.users import User
from syncd.web.api.route import Route
from tests.databases import Database
from tests.mirror import Mirror, open_mirror
from tests.services.folder_projects import sync_folder, write
from tests.web.people import add_test_user
from tests.web.sites import add_platform_test_key, add_test_key


@dataclass(frozen=True, slots=True)
class Party:
    """One tenant. *ids* fills the paths of routes with what is its own."""

    mirror: Mirror
    project: Project
    user: User
    key: str
    ids: dict[str, str]

    @property
    def canaries(self) -> list[str]:
        """What no other tenant may ever be shown."""
        return [*self.ids.values(), self.project.name, self.user.email]


@dataclass(frozen=True, slots=True)
class Parties:
    """Two tenants, and a key that acts for both."""

    ours: Party
    theirs: Party
    platform: str


@asynccontextmanager
async def open_parties(database: Database, redis_server: RedisServer, directory: Path) -> AsyncIterator[Parties]:
    """Make both."""
    async with AsyncExitStack() as stack:
        made = []
        for name in ("acme", "globex"):
            mirror = await stack.enter_async_context(open_mirror(database, redis_server, tenant=name))
            made.append(await _make_party(mirror, name, directory / name))
        ours, theirs = made
        yield Parties(ours, theirs, await add_platform_test_key(ours.mirror.web_pool))


async def _make_party(mirror: Mirror, name: str, folder: Path) -> Party:
    documents = {f"docs/{name}-{number}.md": f"# {name} {number}\n\nText of {name}.\n".encode() for number in range(5)}
    write(folder, documents)
    project = await mirror.add_project(NewProject(name=f"handbook-of-{name}", source="folder", folder=str(folder)))
    await sync_folder(mirror, project)
    user = await add_test_user(mirror, f"admin@{name}.example")
    key = await add_test_key(mirror.web_pool, mirror.tenant_id, scopes=ALL_SCOPES)
    (document_id, _), *_ = (await mirror.list_versions(project)).values()
    spare = await add_test_key(mirror.web_pool, mirror.tenant_id)
    ids = {
        "project_id": str(project.project_id),
        "document_id": document_id,
        "user_id": str(user.user_id),
        "key_id": spare.split("_")[2],
        "tenant_id": str(mirror.tenant_id),
    }
    return Party(mirror, await mirror.get_project(project.project_id), user, key, ids)


def fill_path(route: Route, ids: dict[str, str]) -> str:
    """Return the path of *route* with *ids*."""
    return route.path.format(**ids)


def make_absent_ids() -> dict[str, str]:
    """Return ids of nothing."""
    names = ("project_id", "document_id", "user_id", "tenant_id")
    return {**{name: str(uuid4()) for name in names}, "key_id": "0" * 12}
