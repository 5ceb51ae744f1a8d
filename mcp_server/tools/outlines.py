"""docs_outline: what a document consists of, where it leads, and what leads to it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mcp_server.answers import Answer, TextAnswer
from mcp_server.arguments import Arguments, At, Text
from mcp_server.calls import Call
from mcp_server.freshness import freshness_line
from mcp_server.resolving import Target, get_target
from mcp_server.tools.checks import show_check
from mcp_server.tools.reading import DEFAULT_CHARACTERS
from mcp_server.viewing import view_project
from syncd.adapters.postgres.reading.documents import get_text, list_places
from syncd.adapters.postgres.reading.leads import find_leads
from syncd.adapters.postgres.reading.links import (
    PlacedLink,
    SelfDescription,
    find_outline,
    list_labels_of,
    list_links,
    list_links_to,
)
from syncd.core.leads import Lead, Written
from syncd.core.lines import line_starts
from syncd.core.link_targets import list_link_names, name_label
from syncd.core.outline import Link
from syncd.core.sections import SectionSpan, list_sections

# What a page shows of each list; the rest of all three is on the next.
PAGE_HEADINGS, HEADINGS_CHARACTERS = 300, DEFAULT_CHARACTERS // 2
PAGE_LINKS, LINKS_CHARACTERS = 100, DEFAULT_CHARACTERS // 4
# Links that end in the same name and may lead elsewhere.
_COMPARED_LINKS = 2_000
_MAX_LABELS = 200
_MAX_METADATA_CHARACTERS = 1_000


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
    """Return headings with lines and sizes, links out, and backlinks, a page of each; of a whole project its broken links."""
    project = call.find_project(arguments.id.strip().removeprefix("doc://").strip("/"))
    if project is not None:
        return await show_check(call, await view_project(call, project, arguments.at), arguments.cursor)
    target = await get_target(call, arguments.id, at=arguments.at)
    purpose = f"docs_outline {target.document.document_id} {target.document.version} {target.project.revision}"
    begins = [0, 0, 0] if arguments.cursor is None else call.open_cursor(arguments.cursor, purpose=purpose)
    at_heading, at_link, at_backlink = map(int, begins)
    text = await get_text(call.connection, target.document.content_hash)
    sections = list_sections(await list_places(call.connection, target.document))
    starts = [*line_starts(text), len(text)]
    links = await list_links(call.connection, target.document, from_ordinal=at_link, limit=PAGE_LINKS + 1)
    leads = await _find_leads(call, target, links)
    backlinks = (await _list_backlinks(call, target))[at_backlink:]
    headings = [_describe_section(section, starts) for section in sections[at_heading:]]
    parts = (
        _cut("Headings", headings, at_heading, most=PAGE_HEADINGS, characters=HEADINGS_CHARACTERS),
        _cut("Links", [_describe_link(target, link, leads) for link in links], at_link),
        _cut("Linked from", [_describe_backlink(target, link) for link in backlinks], at_backlink),
    )
    size = f"{len(starts) - 1} lines, {len(text)} characters"
    said = _describe_self(await find_outline(call.connection, target.document)) if arguments.cursor is None else ""
    head = f"{freshness_line(target.project)}\n{target.document_id} · {size} · {target.link()}"
    tail = [f'Read a section: docs_read(id="{target.document_id}", section=anchor)'] if sections else []
    if any(part.more for part in parts):
        cursor = call.seal_cursor([part.reached for part in parts], purpose=purpose)
        tail.append(f'More where there is a "…": the same call with cursor="{cursor}"')
    return TextAnswer(
        head,
        "\n".join([said] * bool(said) + [str(part) for part in parts if part.shown]),
        "\n".join(tail),
        target.document_id,
    )


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


async def _find_leads(call: Call, target: Target, links: Sequence[Link]) -> Mapping[Written, Lead]:
    project, path = target.project, target.document.path
    written = {Written(path, link.target, link.kind) for link in links}
    return await find_leads(
        call.connection, project.project_id, written, revision=project.revision, docs_path=project.synced_docs_path
    )


async def _list_backlinks(call: Call, target: Target) -> Sequence[PlacedLink]:
    project, path = target.project, target.document.path
    labels = await list_labels_of(call.connection, target.document, limit=_MAX_LABELS)
    candidates = await list_links_to(
        call.connection,
        project.project_id,
        [*list_link_names(path), *(name_label(label) for label in labels)],
        revision=project.revision,
        limit=_COMPARED_LINKS,
    )
    written = {link: Written(link.path, link.target, link.kind) for link in candidates if link.path != path}
    leads = await find_leads(
        call.connection,
        project.project_id,
        set(written.values()),
        revision=project.revision,
        docs_path=project.synced_docs_path,
    )
    return [link for link, one in written.items() if one in leads and leads[one].path == path]


def _describe_self(outline: SelfDescription) -> str:
    """Return what a document says of itself, and why its structure is not known where that is so."""
    lines = [f"Language: {outline.language}\n"] if outline.language else []
    if outline.metadata:
        said = "; ".join(f"{name}: {value}" for name, value in outline.metadata.items())
        lines.append(f"Metadata: {said[:_MAX_METADATA_CHARACTERS]}\n")
    if outline.fallback:
        lines.append(f"Cut as plain text: {outline.fallback}\n")
    return "".join(lines)


def _describe_section(section: SectionSpan, starts: Sequence[int]) -> str:
    size = starts[min(section.line_to, len(starts) - 1)] - starts[min(section.line_from, len(starts)) - 1]
    anchor = f" #{section.anchor}" if section.anchor else ""
    return (
        f"{'#' * len(section.headings)} {section.headings[-1]}{anchor} L{section.line_from}-{section.line_to} ({size})"
    )


def _describe_link(target: Target, link: Link, leads: Mapping[Written, Lead]) -> str:
    lead = leads.get(Written(target.document.path, link.target, link.kind))
    leading = "" if lead is None else f" → {_describe_lead(target, lead)}"
    return f"L{link.line} [{link.text}]({link.target}){leading}"


def _describe_lead(target: Target, lead: Lead) -> str:
    if lead.path is None:
        return str(lead.fault)
    anchor = f"#{lead.anchor}" if lead.anchor else ""
    return f"{target.project.name}/{lead.path}{anchor}" + (f" ({lead.fault})" if lead.fault else "")


def _describe_backlink(target: Target, link: PlacedLink) -> str:
    return f"{target.project.name}/{link.path} L{link.line} [{link.text}]({link.target})"
