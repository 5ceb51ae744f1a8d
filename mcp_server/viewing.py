"""Projects as of a moment: a revision, a commit, a time, or a session. A project that is viewed so reads like one that is at that revision now."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import assert_never

from mcp_server.calls import Call
from mcp_server.sessions import get_session, is_session_id
from syncd.adapters.postgres.agent_sessions import list_pins
from syncd.adapters.postgres.pulling import PublishedRevision
from syncd.adapters.postgres.reading.projects import ReadableProject
from syncd.adapters.postgres.reading.revisions import get_revision_as_of, list_revisions_at_time
from syncd.core.ids import ProjectId
from syncd.core.moments import AtCommit, AtRevision, AtTime, Moment, parse_moment
from syncd.errors import BadUsage, NotFound, Rejected


async def view_project(call: Call, project: ReadableProject, at: str | None) -> ReadableProject:
    """Return *project* as of *at*, or as it is. Raises `NotFound` where it had no such revision."""
    if at is None or _means_now(at) or at.strip() == project.branch:
        return project
    if is_session_id(at.strip()):
        return await _view_pinned(call, project, at.strip())
    newest = PublishedRevision(project.newest_revision, project.synced_commit, project.synced_at)
    found = await get_revision_as_of(call.connection, project.project_id, _parse(at), name=project.name, newest=newest)
    return _view(project, found)


async def view_projects(call: Call, projects: Sequence[ReadableProject], at: str | None) -> Sequence[ReadableProject]:
    """Return *projects* as of *at*, a time or a session; those that were not synced by then, or are not pinned, are left out."""
    if at is None or _means_now(at):
        return projects
    if is_session_id(at.strip()):
        pins = await _list_pins(call, at.strip())
        return [_view(project, pins[project.project_id]) for project in projects if project.project_id in pins]
    match moment := _parse(at):
        case AtTime(time):
            ids = [project.project_id for project in projects]
            found = await list_revisions_at_time(call.connection, ids, time)
            return [_view(project, found[project.project_id]) for project in projects if project.project_id in found]
        case AtRevision() | AtCommit():
            raise Rejected(
                "project_required",
                f"at={at!r} is of one project, and none was named.",
                hint="Name the project, or pass a time or a session.",
            )
        case _:
            assert_never(moment)


def _means_now(at: str) -> bool:
    """Return whether *at* is a word for the newest state: agents write them."""
    return at.strip().casefold() in {"now", "newest", "latest", "head"}


async def _view_pinned(call: Call, project: ReadableProject, session_id: str) -> ReadableProject:
    pin = (await _list_pins(call, session_id)).get(project.project_id)
    if pin is None:
        raise NotFound(
            "project_not_pinned",
            f"The session {session_id} does not pin {project.name}: it was not there, or not synced, when the session was opened.",
            hint='docs_session(action="open") pins what is there now.',
        )
    return _view(project, pin)


async def _list_pins(call: Call, session_id: str) -> Mapping[ProjectId, PublishedRevision]:
    session = await get_session(call, session_id)
    return await list_pins(call.connection, session.session_id)


def is_moment(text: str) -> bool:
    """Return whether *text* is written as a moment, not as a cursor."""
    if is_session_id(text):
        return True
    try:
        parse_moment(text)
    except BadUsage:
        return False
    return True


def _parse(at: str) -> Moment:
    try:
        return parse_moment(at.strip())
    except BadUsage as error:
        raise Rejected(
            "moment_invalid",
            f"at={at[:100]!r} is neither a revision, nor a commit, a time or a session.",
            hint="Write r42, 7 or more digits of a commit's SHA, or a time like 2026-11-20T22:00:00Z. "
            "A version of a document stands in its id: project/path@v3.",
        ) from error


def _view(project: ReadableProject, found: PublishedRevision) -> ReadableProject:
    return replace(project, revision=found.revision, synced_commit=found.commit, synced_at=found.synced_at)
