"""What a team should look at in its docs: links that lead to nothing, and documents whose structure cannot be read."""

from collections.abc import Sequence
from dataclasses import dataclass

from syncd.adapters.postgres.connections import Connection, Pool
from syncd.adapters.postgres.outages import explaining_outage
from syncd.adapters.postgres.projects import find_project
from syncd.adapters.postgres.reading.leads import find_leads
from syncd.adapters.postgres.reading.links import OrderedLink, PlainDocument, list_links_at, list_plain_documents
from syncd.adapters.postgres.transactions import reading
from syncd.core.ids import TenantId
from syncd.core.leads import NOT_MIRRORED, Written
from syncd.core.moments import Moment
from syncd.core.projects import Project
from syncd.services.projects import make_project_not_found
from syncd.services.pulling import find_published

BATCH_LINKS = 2_000
MAX_LISTED = 10_000


@dataclass(frozen=True, slots=True)
class BrokenLink:
    """A link in the document at *path*, and what is not there: a document, a section of it, or a label."""

    path: str
    line: int
    text: str
    target: str
    fault: str


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
    after = ("", -1)
    while len(broken) < MAX_LISTED:
        links = await list_links_at(connection, project.project_id, revision=revision, after=after, limit=BATCH_LINKS)
        written = {link: Written(link.path, link.target, link.kind) for link in links}
        leads = await find_leads(
            connection,
            project.project_id,
            set(written.values()),
            revision=revision,
            docs_path=project.synced_docs_path,
        )
        faults = {link: leads[one].fault for link, one in written.items() if one in leads}
        broken += [_make_broken(link, fault) for link, fault in faults.items() if fault and fault != NOT_MIRRORED]
        looked_at += len(links)
        if len(links) < BATCH_LINKS:
            break
        after = (links[-1].path, links[-1].ordinal)
    return looked_at, broken


def _make_broken(link: OrderedLink, fault: str) -> BrokenLink:
    return BrokenLink(link.path, link.line, link.text, link.target, fault)
