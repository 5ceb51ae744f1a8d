"""Contents are shared by the projects of a tenant: what one of them gives up, another may take up in the same moment."""

from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg

from syncd.errors import RetryLater


@contextmanager
def sharing_contents() -> Iterator[None]:
    """Turn a reference to content that was just collected, a collection of content just referred to, or two that wait for each
    other, into `RetryLater`.
    """
    try:
        yield
    except (asyncpg.ForeignKeyViolationError, asyncpg.DeadlockDetectedError) as error:
        raise RetryLater(
            "content_moved",
            "Another project of the tenant gave up or took up the same content in this moment; nothing was written.",
            hint="It is tried again by itself.",
            after_seconds=1,
        ) from error
