"""The loop: list what is due and attend to it. Doubled, lost and late hints end in the same state."""

import asyncio
import logging
from datetime import timedelta
from typing import TypeAlias

from syncd.adapters.beside import wait_for_first
from syncd.adapters.postgres.connections import Connection
from syncd.adapters.postgres.outages import explaining_outage
from syncd.adapters.postgres.queue import claim_due, get_next_due, keep_claimed, request_due
from syncd.core.ids import ProjectId, TenantId
from syncd.errors import Unreachable
from syncd.services.attending import Reconciling, attend

log = logging.getLogger("syncd.sync")

LOOK_SECONDS = 30.0  # how long the loop sleeps at most, whatever it believes
OUTAGE_PAUSE_SECONDS = 2.0

_Running: TypeAlias = dict[tuple[TenantId, ProjectId], asyncio.Task[None]]


async def run_reconciler(parts: Reconciling, *, wake: asyncio.Event, stop: asyncio.Event, drain_seconds: float) -> None:
    """Attend to what is due until *stop*; then let running syncs end for *drain_seconds* and cancel the rest."""
    running: _Running = {}
    async with asyncio.TaskGroup() as group:
        while not stop.is_set():
            wake.clear()
            try:
                with explaining_outage():
                    await _start_due(parts, group, running, wake)
                    pause = await _find_pause(parts, running=len(running))
            except Unreachable as error:
                log.warning("the loop waits", extra={"code": error.code, "reason": error.message})
                pause = OUTAGE_PAUSE_SECONDS
            except Exception:
                log.exception("the loop failed to look for work")
                pause = OUTAGE_PAUSE_SECONDS
            await wait_for_first(wake.wait(), stop.wait(), seconds=pause)
        if running:
            await asyncio.wait(running.values(), timeout=drain_seconds)
        for task in running.values():
            task.cancel()


async def _start_due(parts: Reconciling, group: asyncio.TaskGroup, running: _Running, wake: asyncio.Event) -> None:
    now = parts.work.clock()
    until = now + timedelta(seconds=parts.claim_seconds)
    free = parts.concurrency - len(running)
    async with parts.work.store.pool.acquire() as connection:
        await _request_changed(parts, connection)
        await keep_claimed(connection, list(running), now=now, until=until)
        found = await claim_due(connection, now=now, until=until, limit=free) if free > 0 else ()
    for due in found:
        key = (due.tenant_id, due.project_id)
        if key in running:
            continue  # requested during its run: finish_due sees that and makes it due at once

        def forget(_task: asyncio.Task[None], key: tuple[TenantId, ProjectId] = key) -> None:
            del running[key]
            wake.set()

        task = group.create_task(attend(parts, due))
        running[key] = task
        task.add_done_callback(forget)


async def _request_changed(parts: Reconciling, connection: Connection) -> None:
    """Mark the projects due whose folders changed."""
    changed = parts.watches.take_changed()
    try:
        while changed:
            tenant_id, project_id = next(iter(changed))
            await request_due(connection, tenant_id, project_id, parts.work.clock())
            changed.remove((tenant_id, project_id))
    finally:
        parts.watches.put_back(changed)  # those that the database did not hear of


async def _find_pause(parts: Reconciling, *, running: int) -> float:
    longest = min(LOOK_SECONDS, parts.claim_seconds / 3) if running else LOOK_SECONDS
    if running >= parts.concurrency:
        return longest
    async with parts.work.store.pool.acquire() as connection:
        next_due = await get_next_due(connection)
    if next_due is None:
        return longest
    return min(longest, max(0.0, (next_due - parts.work.clock()).total_seconds()))
