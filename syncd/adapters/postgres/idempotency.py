"""Requests that are done once, however often they are sent."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from syncd.adapters.postgres.connections import Connection
from syncd.adapters.postgres.statements import load_statement

_CLAIM_REQUEST = load_statement("idempotency/claim_request")
_FIND_REQUEST = load_statement("idempotency/find_request")
_FINISH_REQUEST = load_statement("idempotency/finish_request")
_DROP_REQUEST = load_statement("idempotency/drop_request")
_REMOVE_REQUESTS = load_statement("idempotency/remove_requests")

KEPT = timedelta(hours=24)
# Longer than any request may take: one that is without an answer for so long was killed.
UNDER_WAY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class KnownRequest:
    """A request that was begun. *status* and *answer* are none while it is under way; *answer* also where there is no body."""

    body_hash: bytes
    status: int | None
    answer: str | None


async def claim_request(connection: Connection, request_hash: bytes, body_hash: bytes, now: datetime) -> bool:
    """Begin a request; false when it was begun before: `find_request` tells what became of it."""
    claimed = await connection.fetchval(_CLAIM_REQUEST, request_hash, body_hash, now, now - KEPT, now - UNDER_WAY)
    return claimed is not None


async def find_request(connection: Connection, request_hash: bytes) -> KnownRequest | None:
    """Return what became of a request."""
    row = await connection.fetchrow(_FIND_REQUEST, request_hash)
    return KnownRequest(**row) if row else None


async def finish_request(connection: Connection, request_hash: bytes, *, status: int, answer: str | None) -> None:
    """Keep the answer of a request."""
    await connection.execute(_FINISH_REQUEST, request_hash, status, answer)


async def drop_request(connection: Connection, request_hash: bytes) -> None:
    """Give up a request that was refused: it may be sent again."""
    await connection.execute(_DROP_REQUEST, request_hash)


async def remove_requests(connection: Connection, now: datetime, *, limit: int) -> None:
    """Forget the tenant's requests of more than a day ago."""
    await connection.execute(_REMOVE_REQUESTS, now - KEPT, limit)
