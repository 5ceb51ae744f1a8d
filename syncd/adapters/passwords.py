"""argon2id hashes of passwords, made beside the event loop: each costs tens of milliseconds and megabytes, on purpose."""

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from syncd.errors import RetryLater

# OWASP's first choice for argon2id (Password Storage Cheat Sheet): 19 MiB, two passes, one lane.
MEMORY_KIB = 19 * 1024
PASSES = 2
LANES = 1
THREADS = 2
WAITING = 64

Made = TypeVar("Made")


class Passwords:
    """Hashes and proves passwords, at most two at once; who comes when 64 wait is sent away."""

    def __init__(self, executor: ThreadPoolExecutor, *, waiting: int = WAITING) -> None:
        self._executor = executor
        self._hasher = PasswordHasher(time_cost=PASSES, memory_cost=MEMORY_KIB, parallelism=LANES)
        self._nobody = self._hasher.hash("nobody has this password")
        self._free = waiting

    async def hash(self, password: str) -> str:
        """Return the hash of *password*, with its salt and parameters. Raises `RetryLater` when too many wait."""
        return await self._run(lambda: self._hasher.hash(password))

    async def verify(self, password: str, stored: str | None) -> bool:
        """Return whether *stored* is the hash of *password*. Takes as long for nobody (none) as for somebody. Raises `RetryLater`."""
        proved = await self._run(lambda: self._prove(password, stored or self._nobody))
        return proved and stored is not None

    def is_outdated(self, stored: str) -> bool:
        """Return whether *stored* was made with other parameters than today's."""
        return self._hasher.check_needs_rehash(stored)

    def _prove(self, password: str, stored: str) -> bool:
        try:
            return self._hasher.verify(stored, password)
        except (VerificationError, InvalidHashError):
            return False

    async def _run(self, work: Callable[[], Made]) -> Made:
        if self._free == 0:
            raise RetryLater(
                "too_many_passwords", "Others are signing in right now.", hint="Try again in a moment.", after_seconds=2
            )
        self._free -= 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._executor, work)
        finally:
            self._free += 1


@contextmanager
def open_passwords() -> Iterator[Passwords]:
    """Open the threads that hash, and end them with this context."""
    executor = ThreadPoolExecutor(THREADS, thread_name_prefix="password")
    try:
        yield Passwords(executor)
    finally:
        executor.shutdown(wait=True, cancel_futures=True)
