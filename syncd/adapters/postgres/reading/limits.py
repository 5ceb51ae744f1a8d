"""What readers are told when the database gives up on them."""

from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg

from syncd.adapters.postgres.outages import explaining_outage
from syncd.errors import RetryLater


@contextmanager
def explaining_reads() -> Iterator[None]:
    """Turn a statement that ran into a time limit, its own or that of a lock, into `RetryLater`, and a database that is gone into `Unreachable`."""
    with explaining_outage():
        try:
            yield
        except (asyncpg.QueryCanceledError, asyncpg.LockNotAvailableError) as error:
            raise RetryLater(
                "read_too_slow",
                "The database gave up: this took longer than one statement may.",
                hint="Ask for less (name a project or a path), or try again when the server is less busy.",
                after_seconds=5,
            ) from error
