"""docs_sync: look at a project's source now. The call only marks it due; the daemon hears of it and syncs."""

import asyncio
from collections.abc import Mapping
from functools import partial
from typing import Annotated

from pydantic import Field

from mcp_server.answers import Answer, Json, ValueAnswer
from mcp_server.arguments import Arguments, Text
from mcp_server.calls import Call, Later
from mcp_server.freshness import freshness_values, lock_values
from syncd.adapters.postgres.connections import Connection
from syncd.adapters.postgres.projects import request_sync
from syncd.adapters.postgres.reading.projects import ReadableProject, find_attempt, list_projects
from syncd.adapters.postgres.transactions import reading

WAIT_SECONDS = 8.0  # a call ends within ten
# No notice tells of a look that found nothing new. Looked for often at first, then seldom: many may wait at once.
LOOK_SECONDS = 0.1
LOOK_SHARE = 1 / 8
REPORT_SECONDS = 1.0


class SyncArguments(Arguments):
    """Arguments of docs_sync."""

    project: Text
    wait: Annotated[bool, Field(description="answer when the newest commit is visible")] = False


async def sync_now(call: Call, arguments: SyncArguments) -> Answer | Later:
    """Mark the project due; with *wait*, answer when a look that began after that has ended."""
    project = call.get_project(arguments.project)
    await request_sync(call.connection, project.project_id, call.now)
    if arguments.wait:
        return Later(partial(_wait, call, project))
    return await _describe(call.connection, project, {})


async def _wait(call: Call, project: ReadableProject) -> Answer:
    """Return how a look that began after the call has ended, or how to wait for it longer; tell the client how it goes."""
    clock = asyncio.get_running_loop().time
    started = told = clock()
    while True:
        waited = clock() - started
        async with reading(call.pool, call.caller.tenant_id) as connection:
            attempt = await find_attempt(connection, project.project_id)
            is_running = attempt is not None and attempt.condition == "syncing"
            if attempt and attempt.attempted_at and attempt.attempted_at >= call.now and not is_running:
                return await _describe(connection, project, {"synced": attempt.condition == "ready"})
            if waited >= WAIT_SECONDS:
                goes_on = "The sync goes on by itself: the same call waits again."
                return await _describe(connection, project, {"synced": False, "next": goes_on})
        if attempt and started + waited >= told:
            said = "the sync runs" if is_running else "waiting for a look at the source"
            await call.report(waited, WAIT_SECONDS, said)
            told += REPORT_SECONDS
        await asyncio.sleep(min(max(LOOK_SECONDS, waited * LOOK_SHARE), max(0.0, WAIT_SECONDS - waited)))


async def _describe(connection: Connection, project: ReadableProject, done: Mapping[str, Json]) -> Answer:
    after = await list_projects(connection, allowed=frozenset({project.project_id}))
    shown = after[0] if after else project
    return ValueAnswer({**freshness_values(shown), "lock": lock_values(shown), "requested": True, **done})
