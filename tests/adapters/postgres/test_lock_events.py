"""The history of locks only grows: no login changes or removes a line of it."""

from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import pytest

from syncd.adapters.postgres.connections import open_connection
from syncd.adapters.postgres.lock_events import add_lock_event, list_lock_events
from syncd.adapters.postgres.transactions import in_project, reading
from syncd.core.projects import NewProject
from tests.adapters.postgres.probes import undone
from tests.databases import Database
from tests.mirror import Mirror

ENTER = "select set_config('syncd.tenant', $1, true), set_config('syncd.project', $2, true)"
ATTEMPTS = (
    "update lock_events set reason = 'it was not me'",
    "update lock_events set at = now()",
    "delete from lock_events",
    "truncate lock_events",
    """
    insert into lock_events (tenant_id, project_id, event_id, action, actor)
    select tenant_id, project_id, event_id, action, 'x' from lock_events
    on conflict (tenant_id, project_id, event_id) do update set actor = excluded.actor
    """,
)


@pytest.mark.parametrize("login", ["sync", "web", "read"])
async def test_no_login_changes_or_removes_a_line_of_the_history(
    mirror: Mirror, database: Database, tmp_path: Path, login: str
) -> None:
    project = await mirror.add_project(NewProject(name="guide", source="folder", folder=str(tmp_path)))
    async with in_project(mirror.pool, mirror.tenant_id, project.project_id) as connection:
        await add_lock_event(connection, project.project_id, "acquire", actor="tester", fence=1)
    url = {"sync": database.sync_url, "web": database.web_url, "read": database.read_url}[login]
    async with open_connection(url) as connection:
        for attempt in ATTEMPTS:
            async with undone(connection):
                await connection.execute(ENTER, str(mirror.tenant_id), str(project.project_id))
                with pytest.raises(asyncpg.InsufficientPrivilegeError):
                    await connection.execute(attempt)
    async with reading(mirror.web_pool, mirror.tenant_id) as connection:
        (event,) = await list_lock_events(connection, project.project_id, before=None, limit=10)
    assert (event.action, event.actor, event.fence, event.reason) == ("acquire", "tester", 1, None)
    assert event.at <= datetime.now(UTC)
