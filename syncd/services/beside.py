"""Work that runs beside other work and shares its end."""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any


@asynccontextmanager
async def beside(work: Coroutine[Any, Any, None]) -> AsyncIterator[asyncio.Task[None]]:
    """Run *work* beside the body. The first failure of either cancels the other and is raised as itself; the body's end ends both."""
    with raising_first():
        async with asyncio.TaskGroup() as group:
            task = group.create_task(work)
            yield task
            task.cancel()


@contextmanager
def raising_first() -> Iterator[None]:
    """Raise the first failure of a task group as itself: what failed first cancelled the rest."""
    try:
        yield
    except BaseExceptionGroup as failed:
        raise failed.exceptions[0] from failed
