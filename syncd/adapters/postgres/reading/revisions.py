"""Which revisions of several projects were seen together."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from syncd.adapters.postgres.connections import Connection
from syncd.adapters.postgres.pulling import PublishedRevision
from syncd.adapters.postgres.statements import load_statement
from syncd.core.ids import ProjectId

_LIST_REVISIONS_AT_TIME = load_statement("reading/list_revisions_at_time")


async def list_revisions_at_time(
    connection: Connection, project_ids: Sequence[ProjectId], at: datetime
) -> Mapping[ProjectId, PublishedRevision]:
    """Return the revision of each project that readers saw at a time; without those that had none by then."""
    rows = await connection.fetch(_LIST_REVISIONS_AT_TIME, list(project_ids), at)
    return {row["project_id"]: PublishedRevision(row["revision"], row["commit"], row["synced_at"]) for row in rows}
