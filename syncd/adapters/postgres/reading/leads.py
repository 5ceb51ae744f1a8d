"""Where links lead within their project, as of a revision."""

from collections.abc import Collection, Mapping

from syncd.adapters.postgres.connections import Connection
from syncd.adapters.postgres.reading.documents import list_documents_at
from syncd.adapters.postgres.reading.links import list_anchors, list_labels
from syncd.core.chunking import CHUNKER_VERSION
from syncd.core.ids import ProjectId
from syncd.core.leads import Lead, Written, find_lead, find_meaning, list_anchor_names


async def find_leads(
    connection: Connection, project_id: ProjectId, links: Collection[Written], *, revision: int, docs_path: str | None
) -> Mapping[Written, Lead]:
    """Return where those of *links* lead that do not leave the project."""
    meanings = {link: find_meaning(link, docs_path=docs_path) for link in links}
    wanted = list(dict.fromkeys(path for meaning in meanings.values() for path in meaning.paths))
    found = await list_documents_at(connection, project_id, wanted, revision=revision)
    names = {meaning.label for meaning in meanings.values() if meaning.label is not None}
    labels = await list_labels(connection, project_id, names, revision=revision) if names else {}
    # What an older chunker cut has no names yet.
    anchors: dict[str, set[str]] = {one.path: set() for one in found if one.chunker_version >= CHUNKER_VERSION}
    asked = {meaning.target.anchor for meaning in meanings.values() if meaning.target and meaning.target.anchor}
    if asked:
        spelled = {name for anchor in asked for name in list_anchor_names(anchor)}
        for path, name in await list_anchors(connection, project_id, list(anchors), spelled, revision=revision):
            anchors.setdefault(path, set()).add(name)
    there = {document.path for document in found}
    leads = {
        link: find_lead(link, meaning, docs_path=docs_path, there=there, labels=labels, anchors=anchors)
        for link, meaning in meanings.items()
    }
    return {link: lead for link, lead in leads.items() if lead is not None}
