"""docs_outline: what a document consists of, where it leads, and what leads to it."""

from collections.abc import Mapping, Sequence

from mcp_server.answers import Answer, TextAnswer
from mcp_server.arguments import Arguments, At, Text
from mcp_server.calls import Call
from mcp_server.freshness import freshness_line
from mcp_server.resolving import Target, get_target
from syncd.adapters.postgres.reading.documents import get_text, list_documents_at, list_places
from syncd.adapters.postgres.reading.links import PlacedLink, list_links, list_links_to
from syncd.core.lines import line_starts
from syncd.core.link_targets import list_link_names, list_meanings, resolve_target
from syncd.core.outline import Link
from syncd.core.sections import SectionSpan, list_sections

MAX_HEADINGS = 300
MAX_LINKS = 100
# Links that end in the same name and may lead elsewhere.
_COMPARED_LINKS = 2_000


class OutlineArguments(Arguments):
    """Arguments of docs_outline."""

    id: Text
    at: At = None


async def show_outline(call: Call, arguments: OutlineArguments) -> Answer:
    """Return headings with lines and sizes, links out, and backlinks."""
    target = await get_target(call, arguments.id, at=arguments.at)
    text = await get_text(call.connection, target.document.content_hash)
    sections = list_sections(await list_places(call.connection, target.document))
    starts = [*line_starts(text), len(text)]
    links = await list_links(call.connection, target.document, limit=MAX_LINKS + 1)
    leads = await _resolve(call, target, links)
    backlinks = await _list_backlinks(call, target)
    size = f"{len(starts) - 1} lines, {len(text)} characters"
    head = f"{freshness_line(target.project)}\n{target.document_id} · {size} · {target.link()}"
    parts = (
        _join("Headings", [_describe_section(section, starts) for section in sections], MAX_HEADINGS),
        _join("Links", [_describe_link(link, leads) for link in links], MAX_LINKS),
        _join("Linked from", [_describe_backlink(target, link) for link in backlinks], MAX_LINKS),
    )
    tail = f'Read a section: docs_read(id="{target.document_id}", section=anchor)' if sections else ""
    return TextAnswer(head, "\n".join(part for part in parts if part), tail, target.document_id)


async def _resolve(call: Call, target: Target, links: Sequence[Link]) -> Mapping[str, str]:
    """Return where each target that stands in the project leads: an id, or that there is nothing."""
    project, path = target.project, target.document.path
    meanings: dict[str, tuple[Sequence[str], str]] = {}
    for link in links:
        meant = resolve_target(path, link.target)
        if meant is not None:
            paths = list_meanings(meant, docs_path=project.synced_docs_path)
            meanings[link.target] = (paths, f"#{meant.anchor}" if meant.anchor else "")
    wanted = list(dict.fromkeys(path for paths, _ in meanings.values() for path in paths))
    found = await list_documents_at(call.connection, project.project_id, wanted, revision=project.revision)
    there = {document.path for document in found}
    leads: dict[str, str] = {}
    for written, (paths, anchor) in meanings.items():
        first = next((path for path in paths if path in there), None)
        leads[written] = "no document" if first is None else f"{project.name}/{first}{anchor}"
    return leads


async def _list_backlinks(call: Call, target: Target) -> Sequence[PlacedLink]:
    project, path = target.project, target.document.path
    candidates = await list_links_to(
        call.connection,
        project.project_id,
        list_link_names(path),
        revision=project.revision,
        limit=_COMPARED_LINKS,
    )
    meant = [
        (link, list_meanings(lead, docs_path=project.synced_docs_path))
        for link in candidates
        if link.path != path and (lead := resolve_target(link.path, link.target)) is not None
    ]
    likely = [(link, paths) for link, paths in meant if path in paths]
    # A likelier meaning that exists takes the link away.
    rivals = list(dict.fromkeys(rival for _, paths in likely for rival in paths[: paths.index(path)]))
    found = await list_documents_at(call.connection, project.project_id, rivals, revision=project.revision)
    taken = {document.path for document in found}
    return [link for link, paths in likely if taken.isdisjoint(paths[: paths.index(path)])]


def _describe_section(section: SectionSpan, starts: Sequence[int]) -> str:
    size = starts[min(section.line_to, len(starts) - 1)] - starts[min(section.line_from, len(starts)) - 1]
    anchor = f" #{section.anchor}" if section.anchor else ""
    return (
        f"{'#' * len(section.headings)} {section.headings[-1]}{anchor} L{section.line_from}-{section.line_to} ({size})"
    )


def _describe_link(link: Link, leads: Mapping[str, str]) -> str:
    leading = f" → {leads[link.target]}" if link.target in leads else ""
    return f"L{link.line} [{link.text}]({link.target}){leading}"


def _describe_backlink(target: Target, link: PlacedLink) -> str:
    return f"{target.project.name}/{link.path} L{link.line} [{link.text}]({link.target})"


def _join(title: str, lines: Sequence[str], limit: int) -> str:
    if not lines:
        return ""
    rest = [f"… {len(lines) - limit} more" if len(lines) > limit else ""] if len(lines) > limit else []
    return "\n".join((f"{title}:", *lines[:limit], *rest)) + "\n"
