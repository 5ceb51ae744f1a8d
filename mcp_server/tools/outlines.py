"""docs_outline: what a document consists of, where it leads, and what leads to it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mcp_server.answers import Answer, TextAnswer
from mcp_server.arguments import Arguments, At, Text
from mcp_server.calls import Call
from mcp_server.freshness import freshness_line
from mcp_server.resolving import Target, get_target
from mcp_server.tools.reading import DEFAULT_CHARACTERS
from syncd.adapters.postgres.reading.documents import get_text, list_documents_at, list_places
from syncd.adapters.postgres.reading.links import PlacedLink, list_links, list_links_to
from syncd.core.lines import line_starts
from syncd.core.link_targets import list_link_names, list_meanings, resolve_target
from syncd.core.outline import Link
from syncd.core.sections import SectionSpan, list_sections

# What a page shows of each list; the rest of all three is on the next.
PAGE_HEADINGS, HEADINGS_CHARACTERS = 300, DEFAULT_CHARACTERS // 2
PAGE_LINKS, LINKS_CHARACTERS = 100, DEFAULT_CHARACTERS // 4
# Links that end in the same name and may lead elsewhere.
_COMPARED_LINKS = 2_000


class OutlineArguments(Arguments):
    """Arguments of docs_outline."""

    id: Text
    at: At = None
    cursor: Text | None = None


@dataclass(frozen=True, slots=True)
class _Part:
    """What a page shows of a list, up to the number *reached*."""

    title: str
    shown: Sequence[str]
    reached: int
    more: bool

    def __str__(self) -> str:
        more = "…\n" if self.more else ""
        return "".join((f"{self.title}:\n", *(f"{line}\n" for line in self.shown), more)) if self.shown else ""


async def show_outline(call: Call, arguments: OutlineArguments) -> Answer:
    """Return headings with lines and sizes, links out, and backlinks, a page of each."""
    target = await get_target(call, arguments.id, at=arguments.at)
    purpose = f"docs_outline {target.document.document_id} {target.document.version} {target.project.revision}"
    begins = [0, 0, 0] if arguments.cursor is None else call.open_cursor(arguments.cursor, purpose=purpose)
    at_heading, at_link, at_backlink = map(int, begins)
    text = await get_text(call.connection, target.document.content_hash)
    sections = list_sections(await list_places(call.connection, target.document))
    starts = [*line_starts(text), len(text)]
    links = await list_links(call.connection, target.document, from_ordinal=at_link, limit=PAGE_LINKS + 1)
    leads = await _resolve(call, target, links)
    backlinks = (await _list_backlinks(call, target))[at_backlink:]
    headings = [_describe_section(section, starts) for section in sections[at_heading:]]
    parts = (
        _cut("Headings", headings, at_heading, most=PAGE_HEADINGS, characters=HEADINGS_CHARACTERS),
        _cut("Links", [_describe_link(link, leads) for link in links], at_link),
        _cut("Linked from", [_describe_backlink(target, link) for link in backlinks], at_backlink),
    )
    size = f"{len(starts) - 1} lines, {len(text)} characters"
    head = f"{freshness_line(target.project)}\n{target.document_id} · {size} · {target.link()}"
    tail = [f'Read a section: docs_read(id="{target.document_id}", section=anchor)'] if sections else []
    if any(part.more for part in parts):
        cursor = call.seal_cursor([part.reached for part in parts], purpose=purpose)
        tail.append(f'More where there is a "…": the same call with cursor="{cursor}"')
    return TextAnswer(head, "\n".join(str(part) for part in parts if part.shown), "\n".join(tail), target.document_id)


def _cut(
    title: str, lines: Sequence[str], begin: int, *, most: int = PAGE_LINKS, characters: int = LINKS_CHARACTERS
) -> _Part:
    """Return as many of *lines*, of which the first is number *begin*, as fit; one at least."""
    shown: list[str] = []
    for line in lines[:most]:
        characters -= len(line)
        if shown and characters < 0:
            break
        shown.append(line)
    return _Part(title, shown, begin + len(shown), len(shown) < len(lines))


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
