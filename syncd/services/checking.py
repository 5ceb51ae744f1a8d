"""What a team should look at in its docs: links that lead to nothing, and documents whose structure cannot be read."""

from collections.abc import Sequence
from dataclasses import dataclass

from syncd.adapters.postgres.connections import Connection, Pool
from syncd.adapters.postgres.outages import explaining_outage
from syncd.adapters.postgres.projects import find_project
from syncd.adapters.postgres.reading.broken_links import BEGINNING, BrokenLink, check_links
from syncd.adapters.postgres.reading.links import PlainDocument, list_plain_documents
from syncd.adapters.postgres.transactions import reading
from syncd.core.ids import TenantId
from syncd.core.moments import Moment
from syncd.core.projects import Project
from syncd.services.projects import make_project_not_found
from syncd.services.pulling import find_published

MAX_LISTED = 10_000


@dataclass(frozen=True, slots=True)
class Check:
    """What was found at a revision, by path and line. *links* counts all of them, *is_complete*: not one broken one is left out."""

    project: str
    revision: int
    commit: str | None
    links: int
    broken: Sequence[BrokenLink]
    plain: Sequence[PlainDocument]
    is_complete: bool


async def check_project(pool: Pool, tenant_id: TenantId, name: str, *, moment: Moment | None) -> Check:
    """Look at every link of a project's docs, as of *moment* or now. Raises `NotFound`, `Unreachable`."""
    with explaining_outage():
        async with reading(pool, tenant_id) as connection:
            project = await find_project(connection, name)
            if project is None:
                raise make_project_not_found(name)
            published = await find_published(connection, project, moment)
            looked_at, broken = await _check_links(connection, project, published.revision)
            plain = await list_plain_documents(
                connection, project.project_id, revision=published.revision, limit=MAX_LISTED
            )
    is_complete = len(broken) < MAX_LISTED
    return Check(name, published.revision, published.commit, looked_at, broken[:MAX_LISTED], plain, is_complete)


async def _check_links(connection: Connection, project: Project, revision: int) -> tuple[int, Sequence[BrokenLink]]:
    """Return how many links were looked at, and those that are broken: all, or the first 10,000."""
    looked_at = 0
    broken: list[BrokenLink] = []
    after: tuple[str, int] | None = BEGINNING
    while after is not None and len(broken) < MAX_LISTED:
        checked = await check_links(
            connection, project.project_id, revision=revision, docs_path=project.synced_docs_path, after=after
        )
        looked_at += checked.looked_at
        broken += checked.broken
        after = checked.last
    return looked_at, broken
