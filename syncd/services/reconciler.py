"""The loop: list what is due and attend to it. Doubled, lost and late hints end in the same state."""

import asyncio
import logging
from datetime import timedelta

from syncd.adapters.postgres.outages import explaining_outage
from syncd.adapters.postgres.queue import claim_due, get_next_due, request_due
from syncd.core.ids import ProjectId
from syncd.errors import Unreachable
from syncd.services.attending import Reconciling, attend

log = logging.getLogger("syncd.sync")

CLAIM_SECONDS = 60.0  # a claim of a daemon that died comes back after this
LOOK_SECONDS = 30.0  # how long the loop sleeps at most, whatever it believes
OUTAGE_PAUSE_SECONDS = 2.0


async def run_reconciler(parts: Reconciling, *, wake: asyncio.Event, stop: asyncio.Event, drain_seconds: float) -> None:
    """Attend to what is due until *stop*; then let running syncs end for *drain_seconds* and cancel the rest."""
    running: dict[ProjectId, asyncio.Task[None]] = {}
    async with asyncio.TaskGroup() as group:
        while not stop.is_set():
            wake.clear()
            try:
                with explaining_outage():
                    await _start_due(parts, group, running, wake)
                    pause = await _find_pause(parts, busy=len(running) >= parts.concurrency)
            except Unreachable as error:
                log.warning("the loop waits", extra={"code": error.code, "reason": error.message})
                pause = OUTAGE_PAUSE_SECONDS
            except Exception:
                log.exception("the loop failed to look for work")
                pause = OUTAGE_PAUSE_SECONDS
            await _wait(wake, stop, pause)
        if running:
            await asyncio.wait(running.values(), timeout=drain_seconds)
        for task in running.values():
            task.cancel()


async def _start_due(
    parts: Reconciling, group: asyncio.TaskGroup, running: dict[ProjectId, asyncio.Task[None]], wake: asyncio.Event
) -> None:
    now = parts.work.clock()
    free = parts.concurrency - len(running)
    if free <= 0:
        return
    async with parts.work.store.pool.acquire() as connection:
        for tenant_id, project_id in parts.watches.take_changed():
            await request_due(connection, tenant_id, project_id, now)
        found = await claim_due(connection, now=now, until=now + timedelta(seconds=CLAIM_SECONDS), limit=free)
    for due in found:
        if due.project_id in running:
            continue  # requested during its run: finish_due sees that and makes it due at once

        def forget(_task: asyncio.Task[None], project_id: ProjectId = due.project_id) -> None:
            del running[project_id]
            wake.set()

        task = group.create_task(attend(parts, due))
        running[due.project_id] = task
        task.add_done_callback(forget)


async def _find_pause(parts: Reconciling, *, busy: bool) -> float:
    if busy:
        return LOOK_SECONDS
    async with parts.work.store.pool.acquire() as connection:
        next_due = await get_next_due(connection)
    if next_due is None:
        return LOOK_SECONDS
    return min(LOOK_SECONDS, max(0.0, (next_due - parts.work.clock()).total_seconds()))


async def _wait(wake: asyncio.Event, stop: asyncio.Event, seconds: float) -> None:
    waiting = {asyncio.ensure_future(wake.wait()), asyncio.ensure_future(stop.wait())}
    try:
        await asyncio.wait(waiting, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for waiter in waiting:
            waiter.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
