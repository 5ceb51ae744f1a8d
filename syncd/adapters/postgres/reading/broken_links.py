"""Which links of a project lead to nothing, stretch by stretch."""

from collections.abc import Sequence
from dataclasses import dataclass

from syncd.adapters.postgres.connections import Connection
from syncd.adapters.postgres.reading.leads import find_leads
from syncd.adapters.postgres.reading.links import list_links_at
from syncd.core.ids import ProjectId
from syncd.core.leads import NOT_MIRRORED, Written

BATCH_LINKS = 2_000
BEGINNING = ("", -1)


@dataclass(frozen=True, slots=True)
class BrokenLink:
    """A link in the document at *path*, where it is the one of number *ordinal*, and what is not there: a document, a section of it, or a label."""

    path: str
    ordinal: int
    line: int
    text: str
    target: str
    fault: str


@dataclass(frozen=True, slots=True)
class CheckedLinks:
    """What a look at so many links found. *last* is the path and number of the last of them; none: there are no more."""

    looked_at: int
    broken: Sequence[BrokenLink]
    last: tuple[str, int] | None


async def check_links(
    connection: Connection, project_id: ProjectId, *, revision: int, docs_path: str | None, after: tuple[str, int]
) -> CheckedLinks:
    """Look at the next links of a project at *revision*, by path and number, beyond *after*. What is not mirrored may well be there."""
    links = await list_links_at(connection, project_id, revision=revision, after=after, limit=BATCH_LINKS)
    written = {link: Written(link.path, link.target, link.kind) for link in links}
    leads = await find_leads(connection, project_id, set(written.values()), revision=revision, docs_path=docs_path)
    faults = {link: leads[one].fault for link, one in written.items() if one in leads}
    broken = [
        BrokenLink(link.path, link.ordinal, link.line, link.text, link.target, fault)
        for link, fault in faults.items()
        if fault and fault != NOT_MIRRORED
    ]
    last = (links[-1].path, links[-1].ordinal) if len(links) == BATCH_LINKS else None
    return CheckedLinks(len(links), broken, last)
