"""docs_sync: look at a project's source now. The call only marks it due; the daemon hears of it and syncs."""

import asyncio
from typing import Annotated

from pydantic import Field

from mcp_server.answers import Answer, Json, ValueAnswer
from mcp_server.arguments import Arguments, Text
from mcp_server.calls import Call
from mcp_server.freshness import freshness_values, lock_values
from syncd.adapters.postgres.projects import request_sync
from syncd.adapters.postgres.reading.projects import find_attempt, list_projects
from syncd.adapters.postgres.transactions import writing
from syncd.core.ids import ProjectId

WAIT_SECONDS = 8.0  # a call ends within ten
LOOK_SECONDS = 0.1
REPORT_SECONDS = 1.0


class SyncArguments(Arguments):
    """Arguments of docs_sync."""

    project: Text
    wait: Annotated[bool, Field(description="answer when the newest commit is visible")] = False


async def sync_now(call: Call, arguments: SyncArguments) -> Answer:
    """Mark the project due; with *wait*, answer when a look that began after that has ended."""
    project = call.get_project(arguments.project)
    # In a transaction of its own: the daemon must hear of it before this call ends.
    async with writing(call.pool, call.caller.tenant_id) as connection:
        await request_sync(connection, project.project_id, call.now)
    done = await _wait(call, project.project_id) if arguments.wait else {}
    after = await list_projects(call.connection, allowed=frozenset({project.project_id}))
    shown = after[0] if after else project
    return ValueAnswer({**freshness_values(shown), "lock": lock_values(shown), "requested": True, **done})


async def _wait(call: Call, project_id: ProjectId) -> dict[str, Json]:
    """Return how a look that began after the call has ended, or how to wait for it longer; tell the client how it goes."""
    started = told = asyncio.get_running_loop().time()
    while (now := asyncio.get_running_loop().time()) < started + WAIT_SECONDS:
        attempt = await find_attempt(call.connection, project_id)
        if attempt and now >= told:
            await call.report(
                now - started,
                WAIT_SECONDS,
                "the sync runs" if attempt.condition == "syncing" else "waiting for a look at the source",
            )
            told += REPORT_SECONDS
        if attempt and attempt.attempted_at and attempt.attempted_at >= call.now and attempt.condition != "syncing":
            return {"synced": attempt.condition == "ready"}
        await asyncio.sleep(LOOK_SECONDS)
    return {"synced": False, "next": "The sync goes on by itself: the same call waits again."}
