"""Where running syncs say how far they are. Saying costs nothing: a task of its own tells Redis, a few times a second."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime

from syncd.adapters.beside import beside
from syncd.adapters.redis.locks import RedisClient
from syncd.adapters.redis.progress import put_progress
from syncd.core.ids import ProjectId
from syncd.core.progress import Phase, Progress, enter_phase
from syncd.errors import SyncdError

log = logging.getLogger("syncd.progress")

TELL_SECONDS = 0.2  # at most so often: a sync reports each batch
AGAIN_SECONDS = 10.0  # what runs is told again, before Redis forgets it


class ProgressBoard:
    """The running syncs of this process. Its methods neither wait nor fail."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._running: dict[ProjectId, Progress] = {}
        self._untold: set[ProjectId] = set()
        self._changed = asyncio.Event()

    def enter(self, project_id: ProjectId, phase: Phase | None) -> None:
        """Note that the sync of a project entered *phase*; none: it ended."""
        before = self._running.get(project_id)
        if phase is None:
            after = None
        elif before is None:
            after = Progress(self._clock(), phase)
        else:
            after = enter_phase(before, phase)
        self._put(project_id, before, after)

    def count(self, project_id: ProjectId, done: int, total: int) -> None:
        """Note how many blobs of how many are in."""
        before = self._running.get(project_id)
        if before is not None:
            self._put(project_id, before, replace(before, done=done, total=total))

    def _put(self, project_id: ProjectId, before: Progress | None, after: Progress | None) -> None:
        if before == after:
            return
        if after is None:
            del self._running[project_id]
        else:
            self._running[project_id] = after
        self._untold.add(project_id)
        self._changed.set()

    async def tell(self, redis: RedisClient) -> None:
        """Tell Redis of every change, for ever. What cannot be told is told with the next change, or again."""
        while True:
            try:
                async with asyncio.timeout(AGAIN_SECONDS):
                    await self._changed.wait()
            except TimeoutError:
                self._untold |= self._running.keys()
            self._changed.clear()
            changes = {project_id: self._running.get(project_id) for project_id in self._untold}
            self._untold.clear()
            try:
                await put_progress(redis, changes)
            except SyncdError as error:
                log.debug("progress is not told", extra={"code": error.code})
            await asyncio.sleep(TELL_SECONDS)


@asynccontextmanager
async def open_progress_board(redis: RedisClient, clock: Callable[[], datetime]) -> AsyncIterator[ProgressBoard]:
    """Open a board that tells *redis* for as long as the body runs."""
    board = ProgressBoard(clock)
    async with beside(board.tell(redis)):
        yield board
