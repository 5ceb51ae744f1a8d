"""Work that runs beside other work and shares its end."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any


@asynccontextmanager
async def beside(work: Coroutine[Any, Any, None]) -> AsyncIterator[asyncio.Task[None]]:
    """Run *work* beside the body. The first failure of either cancels the other and is raised as itself; the body's end ends both."""
    try:
        async with asyncio.TaskGroup() as group:
            task = group.create_task(work)
            yield task
            task.cancel()
    except BaseExceptionGroup as failed:
        raise failed.exceptions[0] from failed  # a group of one would hide which it was
