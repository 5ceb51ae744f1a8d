"""Work that runs beside other work and shares its end."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Coroutine, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any, TypeVar

_Result = TypeVar("_Result")


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


async def wait_for_first(
    *waits: Awaitable[Any], seconds: float | None = None
) -> Sequence["asyncio.Future[Any] | None"]:
    """Return when the first of *waits* has ended, or *seconds* are over: those that have ended, and none where one had not.

    The others are cancelled, and have ended too. What one failed with is raised by its `result`.
    """
    started = [asyncio.ensure_future(wait) for wait in waits]
    try:
        ended, _ = await asyncio.wait(started, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        return [one if one in ended else None for one in started]
    finally:
        for one in started:
            one.cancel()
        await asyncio.gather(*started, return_exceptions=True)


async def unless_stopped(stop: asyncio.Event, work: Awaitable[_Result]) -> _Result | None:
    """Return what *work* returns, or none when *stop* is set first: then it is cancelled."""
    _, ended = await wait_for_first(stop.wait(), work)
    if ended is None:
        return None
    result: _Result = ended.result()
    return result
