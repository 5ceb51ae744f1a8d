"""Brings the figures that have to be asked for up to date, and feels the pulse of the event loop."""

import asyncio
from datetime import datetime

from syncd.adapters.metrics import Metrics
from syncd.adapters.postgres.connections import Pool
from syncd.adapters.postgres.measures import measure_embeddings, measure_projects
from syncd.adapters.postgres.outages import explaining_outage
from syncd.services.budgets import Budgets

PULSE_SECONDS = 1.0


async def ask_for_figures(metrics: Metrics, pool: Pool, budgets: Budgets | None, *, now: datetime) -> None:
    """Ask how all projects stand, and what GitHub still allows. Raises `Unreachable`."""
    with explaining_outage():
        async with pool.acquire() as connection:
            measures = await measure_projects(connection, now)
            vectors = await measure_embeddings(connection)
    metrics.show_projects(
        {measure.condition: measure.projects for measure in measures},
        documents=sum(measure.documents for measure in measures),
        skipped=sum(measure.skipped for measure in measures),
        lag_seconds=max((measure.lag_seconds for measure in measures), default=0.0),
    )
    metrics.show_embeddings(chunks=vectors.chunks, embedded=vectors.embedded, hindered=vectors.hindered)
    if budgets is not None:
        metrics.show_budgets(budgets.list_all())


async def feel_pulse(metrics: Metrics) -> None:
    """Count how late the event loop is, for ever."""
    loop = asyncio.get_running_loop()
    while True:
        wanted = loop.time() + PULSE_SECONDS
        await asyncio.sleep(PULSE_SECONDS)
        metrics.count_loop_lag(max(0.0, loop.time() - wanted))
