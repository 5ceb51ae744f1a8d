"""From an id as agents write it to a document of a project in view."""

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from mcp_server.calls import Asker, Call
from mcp_server.folders import COMPARED_PATHS, find_folder, list_nearest
from mcp_server.viewing import view_project
from syncd.adapters.postgres.reading.at_once import ReadDocument, WantedDocument, read_document
from syncd.adapters.postgres.reading.documents import ReadableDocument, find_version, list_documents_at, list_paths
from syncd.adapters.postgres.reading.histories import find_former, list_versions
from syncd.adapters.postgres.reading.projects import ReadableProject
from syncd.core.permalinks import make_permalink
from syncd.core.references import (
    Reference,
    format_document_id,
    list_readings,
    list_spellings,
    parse_blob_url,
    split_project,
)
from syncd.core.visible import make_visible
from syncd.errors import NotFound

_COMMIT = re.compile("[0-9a-f]{40}")


@dataclass(frozen=True, slots=True)
class Target:
    """What an id names: a version of a document, and the anchor, lines or characters in it that the id went on to name.

    *pinned*: the id names that version for good, whatever is synced later.
    """

    project: ReadableProject
    document: ReadableDocument
    anchor: str | None = None
    lines: tuple[int, int] | None = None
    characters: tuple[int, int] | None = None
    pinned: bool = False

    @property
    def document_id(self) -> str:
        """Return the id that keeps naming this version."""
        return f"{self.project.name}/{self.document.path}@v{self.document.version}"

    def link(self, lines: tuple[int, int] | None = None) -> str:
        """Return the URL of the document, or of *lines* of it, that keeps showing this text."""
        # The commit of the revision holds the text that is in force at it; any other version is only sure in the commit that brought it.
        ended, revision = self.document.revision_to, self.project.revision
        in_force = self.document.revision_from <= revision and (ended is None or ended > revision)
        return make_permalink(
            repository=self.project.repository,
            commit=self.project.synced_commit if in_force else self.document.commit_sha,
            project=self.project.name,
            path=self.document.path,
            version=self.document.version,
            lines=lines,
            web_url=self.project.web_url,
        )


@dataclass(frozen=True, slots=True)
class _Candidate:
    project: ReadableProject
    path: str
    reading: Reference


async def get_target(call: Call, text: str, *, at: str | None = None, gone: bool = False) -> Target:
    """Return what *text* names, as of *at*; with *gone* also a document that only stood there once.

    Raises `NotFound` with the nearest paths; an absent document and another tenant's look the same.
    """
    candidates = await _view_candidates(call, text, at)
    for candidate in candidates:
        target = await _find_exact(call, candidate)
        if target is not None:
            return target
    for candidate in candidates:
        target = await _find_spelled(call, candidate)
        if target is not None:
            return target
    for candidate in candidates if gone else ():
        project = candidate.project
        former = await find_former(call.connection, project.project_id, candidate.path, revision=project.revision)
        if former is not None:
            return _make_target(candidate, former)
    raise await _explain_absence(call, text, candidates)


async def find_at_once(
    asker: Asker, text: str, *, with_places: bool, max_characters: int
) -> tuple[Target, ReadDocument] | None:
    """Return what *text* names now, with its content, where it names a project and a path exactly.

    None says nothing: `get_target` understands more, and explains what is not there. What both find is the same.
    """
    readings = [reading for reading in list_readings(text) if split_project(reading.name)[1]]
    if not readings:
        return None
    # What may be cut off at the end of an id leaves its project alone.
    project = split_project(readings[0].name)[0]
    found = await read_document(
        asker.standing,
        asker.caller.tenant_id,
        allowed=asker.caller.project_ids,
        project=project,
        readings=[WantedDocument(split_project(reading.name)[1], reading.version) for reading in readings],
        with_places=with_places or any(reading.anchor for reading in readings),
        max_characters=max_characters,
        web_url=asker.web_url,
    )
    if found is None:
        return None
    candidate = _Candidate(found.project, found.document.path, readings[found.reading])
    return _make_target(candidate, found.document), found


def _list_candidates(call: Call, text: str) -> Iterator[_Candidate]:
    url = parse_blob_url(text)
    if url is not None:
        segments = url.rest.split("/")
        for mirror in call.projects:
            if (mirror.repository or "").casefold() == url.repository.casefold():
                for start in range(1, len(segments)):
                    path = "/".join(segments[start:])
                    yield _Candidate(mirror, path, Reference(path, anchor=url.anchor, lines=url.lines))
        return
    for reading in list_readings(text):
        name, path = split_project(reading.name)
        project = call.find_project(name)
        if project is not None and path:
            yield _Candidate(project, path, reading)
    if len(call.projects) == 1:
        # With one project in view its name is easily left out.
        for reading in list_readings(f"{call.projects[0].name}/{text.strip().lstrip('/')}"):
            yield _Candidate(call.projects[0], split_project(reading.name)[1], reading)


async def _view_candidates(call: Call, text: str, at: str | None) -> Sequence[_Candidate]:
    """Return the candidates as of *at*; of a URL that is pinned to a commit, as of that where it was synced."""
    candidates = tuple(_list_candidates(call, text))
    projects = {candidate.project.project_id: candidate.project for candidate in candidates}
    views = {name: await view_project(call, project, at) for name, project in projects.items()}
    url = parse_blob_url(text)
    commit = url.rest.partition("/")[0] if url is not None and at is None else ""
    if _COMMIT.fullmatch(commit):
        for name, project in projects.items():
            with suppress(NotFound):
                views[name] = await view_project(call, project, commit)
    return [replace(candidate, project=views[candidate.project.project_id]) for candidate in candidates]


async def _find_exact(call: Call, candidate: _Candidate) -> Target | None:
    project, path, reading = candidate.project, candidate.path, candidate.reading
    if reading.version is not None:
        document = await _find_version(call, project, path, version=reading.version)
    else:
        at_path = await list_documents_at(call.connection, project.project_id, [path], revision=project.revision)
        document = next(iter(at_path), None)
    return None if document is None else _make_target(candidate, document)


async def _find_spelled(call: Call, candidate: _Candidate) -> Target | None:
    project, reading = candidate.project, candidate.reading
    spellings = list_spellings(candidate.path, project.synced_docs_path)
    found = await list_documents_at(call.connection, project.project_id, spellings, revision=project.revision)
    if not found:
        return None
    if reading.version is not None:
        document = await _find_version(call, project, found[0].path, version=reading.version)
        return None if document is None else _make_target(candidate, document)
    return _make_target(candidate, found[0])


def _make_target(candidate: _Candidate, document: ReadableDocument) -> Target:
    reading = candidate.reading
    return Target(
        candidate.project,
        document,
        reading.anchor,
        reading.lines,
        reading.characters,
        pinned=reading.version is not None,
    )


async def _find_version(call: Call, project: ReadableProject, path: str, *, version: int) -> ReadableDocument | None:
    return await find_version(call.connection, project.project_id, path, version=version, revision=project.revision)


async def _explain_absence(call: Call, text: str, candidates: Sequence[_Candidate]) -> NotFound:
    shown = text.strip().removeprefix("doc://").strip("/")
    name = split_project(shown)[0]
    if not candidates or shown == name:
        if call.find_project(name) is not None:
            return NotFound(
                "document_not_named",
                f"{text[:200]!r} names a project and no document.",
                hint=f'Call docs_list(project="{name}") for its documents.',
            )
        if not candidates:
            call.get_project(name)
    moved = await _explain_former(call, candidates)
    if moved is not None:
        return moved
    project = candidates[0].project
    paths = await list_paths(call.connection, project.project_id, limit=COMPARED_PATHS, revision=project.revision)
    wanted = candidates[-1].path
    folder = await find_folder(call, project, wanted)
    if folder:
        return NotFound(
            "document_not_named",
            f"{text[:200]!r} is a folder.",
            hint=f'Call docs_list(project="{project.name}", path="{folder}") for its documents.',
        )
    # A path whose hidden characters the gate took away is found again by what was shown of it.
    near = [path for path in paths if make_visible(path).text == wanted] or list_nearest(wanted, paths)
    ids = ", ".join(f"{project.name}/{path}" for path in near)
    hint = f"Did you mean: {ids}? " if near else ""
    return NotFound(
        "document_not_found",
        f"There is no document {text[:200]!r}.",
        hint=f'{hint}Call docs_list(project="{project.name}") or docs_search(query=…, project="{project.name}").',
    )


async def _explain_former(call: Call, candidates: Sequence[_Candidate]) -> NotFound | None:
    """Return what became of a document that stood there once."""
    for candidate in candidates:
        project, path = candidate.project, candidate.path
        former = await find_former(call.connection, project.project_id, path, revision=project.revision)
        if former is None or candidate.reading.version is not None:
            continue
        (newest,) = await list_versions(
            call.connection, project.project_id, former.document_id, before=project.revision + 1, limit=1
        )
        shown = f"{project.name}/{path}"
        if newest.revision_to is None or newest.revision_to > project.revision:
            now = format_document_id(project.name, newest.path)
            return NotFound(
                "document_moved",
                f"{shown} was renamed in r{former.revision_to} and is now {now}.",
                hint=f'Call docs_read(id="{now}").',
            )
        return NotFound(
            "document_deleted",
            f"{shown} was deleted in r{newest.revision_to}.",
            hint=f'Its last text is docs_read(id="{format_document_id(project.name, path, version=former.version)}"); '
            f'docs_history(id="{shown}") tells more.',
        )
    return None
