"""The daemon as a running thing: the loop, its wake-ups, the endpoint, the service manager; from start to drained."""

import asyncio
import logging

from syncd.adapters.postgres.listening import listen
from syncd.adapters.systemd import Notifier, feeding_watchdog
from syncd.bootstrap import Parts, make_reconciling, make_retention
from syncd.services.embedding import run_embedding
from syncd.services.lock_keeping import run_lock_keeper, warn_of_eviction
from syncd.services.measuring import feel_pulse
from syncd.services.reconciler import run_reconciler
from syncd.services.retention import run_retention

log = logging.getLogger("syncd.daemon")

DUE_CHANNEL = "syncd_due"
CHANGES_CHANNEL = "syncd_changes"
LOCK_CHANNEL = "syncd_locks"


async def run_daemon(parts: Parts, *, stop: asyncio.Event, notifier: Notifier) -> None:
    """Run the loop until *stop*, then drain: claim nothing more, let running syncs end, give their locks back."""
    wake, lock_wake = asyncio.Event(), asyncio.Event()
    async with feeding_watchdog(notifier), asyncio.TaskGroup() as group:
        reconciling = make_reconciling(parts, group, wake=wake, stop=stop)
        beside = [
            group.create_task(listen(parts.sync_url, DUE_CHANNEL, lambda _payload: wake.set())),
            group.create_task(listen(parts.sync_url, LOCK_CHANNEL, lambda _payload: lock_wake.set())),
            group.create_task(run_lock_keeper(parts.locking, wake=lock_wake, clock=parts.work.clock)),
            group.create_task(_announce_stop(stop, notifier)),
            group.create_task(feel_pulse(parts.locking.metrics)),
            group.create_task(parts.statuses.run()),
            group.create_task(run_retention(parts.work, make_retention(parts.settings))),
        ]
        if parts.embedding is not None:
            embed_wake = asyncio.Event()
            beside += [
                group.create_task(listen(parts.sync_url, CHANGES_CHANNEL, lambda _payload: embed_wake.set())),
                group.create_task(run_embedding(parts.embedding, wake=embed_wake)),
            ]
        await warn_of_eviction(parts.redis)
        notifier.ready()
        log.info(
            "daemon ready",
            extra={"concurrency": reconciling.concurrency, "poll_seconds": reconciling.pace.poll_seconds},
        )
        await run_reconciler(reconciling, wake=wake, stop=stop, drain_seconds=parts.settings.drain_seconds)
        for task in beside:
            task.cancel()
    log.info("daemon drained")


async def _announce_stop(stop: asyncio.Event, notifier: Notifier) -> None:
    await stop.wait()
    notifier.stopping("Draining: running syncs end, nothing new begins.")
