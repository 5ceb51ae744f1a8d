"""Connections that stand by for statements that are transactions of their own: lending one from the pool costs as much as such a statement.

They are the pool's. Half of them at most stand here, and whatever is not at work goes back each second, so that others never wait for long
and what the pool does with connections that are old or idle is done.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress

import asyncpg

from syncd.adapters.beside import beside
from syncd.adapters.postgres.connections import Connection, Pool

STAND_SECONDS = 1.0


class Standing:
    """Runs one statement at a time on each of its connections; *seconds* are what one has, with all that it waits for."""

    def __init__(self, pool: Pool, *, seconds: float) -> None:
        self._pool = pool
        self._seconds = seconds
        self._most = pool.get_max_size() // 2
        self._turns = asyncio.Semaphore(self._most)
        self._idle: list[Connection] = []
        self._wake = asyncio.Event()

    async def fetch(self, statement: str, *arguments: object) -> Sequence[asyncpg.Record]:
        """Return the rows of a statement that leaves nothing behind. Raises `TimeoutError` when it has none in time."""
        if self._idle and not self._turns.locked():
            return await self._run(
                statement, arguments
            )  # nothing to wait for: no deadline but the statement's is needed
        async with asyncio.timeout(self._seconds):
            if self._most:
                return await self._run(statement, arguments)
            rows: Sequence[asyncpg.Record] = await self._pool.fetch(statement, *arguments)
            return rows

    async def _run(self, statement: str, arguments: Sequence[object]) -> Sequence[asyncpg.Record]:
        async with self._turns:
            connection = self._find_open() or await self._pool.acquire(timeout=self._seconds)
            try:
                rows: Sequence[asyncpg.Record] = await connection.fetch(statement, *arguments, timeout=self._seconds)
            except BaseException:
                # Whatever became of it, the pool knows what to do.
                await self._pool.release(connection)
                raise
            self._idle.append(connection)
            self._wake.set()
            return rows

    def _find_open(self) -> "Connection | None":
        while self._idle:
            connection = self._idle.pop()
            try:
                if not connection.is_closed():
                    return connection
            except asyncpg.InterfaceError:
                pass  # it was lost, and the pool has it back
        return None

    async def run(self) -> None:
        """Give back what does not work, each second that anything has, for ever."""
        while True:
            await self._wake.wait()
            await asyncio.sleep(STAND_SECONDS)
            self._wake.clear()
            await self.give_back()

    async def give_back(self) -> None:
        """Give every connection that does not work back to the pool."""
        while self._idle:
            # One that cannot be given back is closed by that.
            with suppress(OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
                await self._pool.release(self._idle.pop())


@asynccontextmanager
async def open_standing(pool: Pool, *, seconds: float) -> AsyncIterator[Standing]:
    """Open what stands by of *pool*; at the end all of it is given back."""
    standing = Standing(pool, seconds=seconds)
    try:
        async with beside(standing.run()):
            yield standing
    finally:
        await standing.give_back()
