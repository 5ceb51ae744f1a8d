"""docs_outline of a whole project: its links that lead to nothing, and the documents whose structure could not be read."""

from collections.abc import Sequence

from mcp_server.answers import Answer, TextAnswer
from mcp_server.calls import Call
from mcp_server.freshness import freshness_line
from mcp_server.tools.reading import DEFAULT_CHARACTERS
from syncd.adapters.postgres.reading.broken_links import BEGINNING, BrokenLink, check_links
from syncd.adapters.postgres.reading.links import list_plain_documents
from syncd.adapters.postgres.reading.projects import ReadableProject

PAGE_LINKS = 100
PAGE_DOCUMENTS = 50
# Of what comes after so many links the next page tells: each costs the server a tenth of a millisecond.
MOST_LOOKED_AT = 4_000


async def show_check(call: Call, project: ReadableProject, cursor: str | None) -> Answer:
    """Return a page of the broken links of *project*; the first one with its documents that are cut as plain text."""
    purpose = f"docs_outline {project.project_id} {project.revision}"
    path, ordinal = BEGINNING if cursor is None else call.open_cursor(cursor, purpose=purpose)
    broken, last = await _look(call, project, (str(path), int(ordinal)))
    shown = _fit([_describe_link(project, link) for link in broken[:PAGE_LINKS]])
    if len(shown) < len(broken):
        last = (broken[len(shown) - 1].path, broken[len(shown) - 1].ordinal)
    parts = ["Broken links:", *shown] if shown else []
    parts += await _list_plain(call, project) if cursor is None else []
    tail = [] if shown else ["No broken link here." if last or cursor else "No link is broken."]
    if last is not None:
        tail.append(f'More links: the same call with cursor="{call.seal_cursor([*last], purpose=purpose)}".')
    head = f"{freshness_line(project)}\n{project.name} · links to documents, sections and labels that are not there"
    return TextAnswer(head, "".join(f"{line}\n" for line in parts), "\n".join(tail), project.name, rows=len(shown))


async def _look(
    call: Call, project: ReadableProject, after: tuple[str, int]
) -> tuple[Sequence[BrokenLink], tuple[str, int] | None]:
    """Return the next broken links, a page of them at least where there are as many; and where to go on, if there is more."""
    broken: list[BrokenLink] = []
    looked_at = 0
    last: tuple[str, int] | None = after
    while last is not None and len(broken) < PAGE_LINKS and looked_at < MOST_LOOKED_AT:
        checked = await check_links(
            call.connection,
            project.project_id,
            revision=project.revision,
            docs_path=project.synced_docs_path,
            after=last,
        )
        broken += checked.broken
        looked_at += checked.looked_at
        last = checked.last
    return broken, last


async def _list_plain(call: Call, project: ReadableProject) -> list[str]:
    found = await list_plain_documents(
        call.connection, project.project_id, revision=project.revision, limit=PAGE_DOCUMENTS + 1
    )
    lines = [f"{project.name}/{document.path}: {document.reason}" for document in found[:PAGE_DOCUMENTS]]
    more = [f"… `syncd project check {project.name}` lists all"] if len(found) > PAGE_DOCUMENTS else []
    return ["Cut as plain text:", *lines, *more] if lines else []


def _fit(lines: Sequence[str]) -> Sequence[str]:
    """Return as many of *lines* as an answer holds; one at least, where there is one."""
    left = DEFAULT_CHARACTERS
    for count, line in enumerate(lines):
        left -= len(line)
        if count and left < 0:
            return lines[:count]
    return lines


def _describe_link(project: ReadableProject, link: BrokenLink) -> str:
    return f"{project.name}/{link.path} L{link.line} [{link.text}]({link.target}) → {link.fault}"
