"""Which revision of a project a moment means, and which revisions of several were seen together."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import assert_never

from syncd.adapters.postgres.connections import Connection
from syncd.adapters.postgres.pulling import (
    PublishedRevision,
    find_revision,
    find_revision_at_time,
    list_revisions_of_commits,
)
from syncd.adapters.postgres.statements import load_statement
from syncd.core.ids import ProjectId
from syncd.core.moments import AtCommit, AtRevision, AtTime, Moment
from syncd.errors import BadUsage, NotFound

_LIST_REVISIONS_AT_TIME = load_statement("reading/list_revisions_at_time")


async def get_revision_as_of(
    connection: Connection, project_id: ProjectId, moment: Moment, *, name: str, newest: PublishedRevision
) -> PublishedRevision:
    """Return the revision of the project called *name* that *moment* means. Raises `NotFound`; `BadUsage` where several commits begin so."""
    match moment:
        case AtRevision(revision):
            found = await find_revision(connection, project_id, revision)
        case AtCommit(prefix):
            found = await _find_revision_of_commit(connection, project_id, prefix, name=name)
        case AtTime(time):
            found = await find_revision_at_time(connection, project_id, time)
        case _:
            assert_never(moment)
    if found is None:
        raise NotFound(
            "revision_not_found",
            f"The project {name} has no such revision, or was not synced at that commit or by that time.",
            hint=f"The newest is r{newest.revision}, at commit {newest.commit or '(none)'}.",
        )
    return found


async def _find_revision_of_commit(
    connection: Connection, project_id: ProjectId, prefix: str, *, name: str
) -> PublishedRevision | None:
    found = await list_revisions_of_commits(connection, project_id, prefix, limit=2)
    if len(found) > 1:
        raise BadUsage(
            "commit_ambiguous",
            f"The SHA of more than one commit of {name} begins with {prefix}.",
            hint="Write more of its digits.",
        )
    return found[0] if found else None


async def list_revisions_at_time(
    connection: Connection, project_ids: Sequence[ProjectId], at: datetime
) -> Mapping[ProjectId, PublishedRevision]:
    """Return the revision of each project that readers saw at a time; without those that had none by then."""
    rows = await connection.fetch(_LIST_REVISIONS_AT_TIME, list(project_ids), at)
    return {row["project_id"]: PublishedRevision(row["revision"], row["commit"], row["synced_at"]) for row in rows}
