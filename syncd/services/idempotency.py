"""A write that carries an Idempotency-Key is done once, and answered alike however often it is sent within a day."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from syncd.adapters.postgres.connections import Pool
from syncd.adapters.postgres.idempotency import (
    KnownRequest,
    claim_request,
    drop_request,
    find_request,
    finish_request,
    remove_requests,
)
from syncd.adapters.postgres.transactions import reading, writing
from syncd.core.ids import TenantId
from syncd.errors import Rejected, SyncdError

ANSWER_MAX_CHARACTERS = 65_536
FORGOTTEN_AT_ONCE = 100
LOOK_SECONDS = 0.05
WAIT_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class OnceRequest:
    """A request by whom and what it is: caller, method, path, key; and what it asks."""

    tenant_id: TenantId
    request_hash: bytes
    body_hash: bytes


@dataclass(frozen=True, slots=True)
class OnceAnswer:
    """Status and body of an answer. *repeated*: it was given before."""

    status: int
    text: str | None
    repeated: bool = False


def make_once_request(tenant_id: TenantId, *named: str, body: bytes) -> OnceRequest:
    """Return the request that *named* (caller, method, path, key) names."""
    return OnceRequest(
        tenant_id, sha256("\0".join(named).encode("utf-8", "surrogatepass")).digest(), sha256(body).digest()
    )


async def do_once(
    pool: Pool,
    request: OnceRequest,
    *,
    clock: Callable[[], datetime],
    work: Callable[[], Awaitable[OnceAnswer]],
    keep: Callable[[OnceAnswer], str | None],
) -> OnceAnswer:
    """Do *work*, or return the answer of when it was done. *keep*: the body as it is kept, without secrets.

    What was refused is not kept: it is done again. What was killed may be begun again after a minute.
    Raises what *work* raises, and `Rejected` for a key that came with another body, or whose request is still under way.
    """
    deadline = asyncio.get_running_loop().time() + WAIT_SECONDS
    while True:
        async with writing(pool, request.tenant_id) as connection:
            claimed = await claim_request(connection, request.request_hash, request.body_hash, clock())
            if claimed:
                await remove_requests(connection, clock(), limit=FORGOTTEN_AT_ONCE)
        if claimed:
            return await _do(pool, request, work, keep)
        async with reading(pool, request.tenant_id) as connection:
            known = await find_request(connection, request.request_hash)
        if known is not None and known.body_hash != request.body_hash:
            raise Rejected(
                "idempotency_key_reused",
                "This Idempotency-Key came with another body.",
                hint="Use a new key for each new request.",
            )
        answer = _find_answer(known)
        if answer is not None:
            return answer
        if asyncio.get_running_loop().time() >= deadline:
            raise Rejected(
                "idempotency_under_way",
                "The request with this Idempotency-Key is still under way.",
                hint="Send it again in a moment: it gets the same answer.",
            )
        await asyncio.sleep(LOOK_SECONDS)


def _find_answer(known: KnownRequest | None) -> OnceAnswer | None:
    if known is None or known.status is None:
        return None
    return OnceAnswer(known.status, known.answer, repeated=True)


async def _do(
    pool: Pool,
    request: OnceRequest,
    work: Callable[[], Awaitable[OnceAnswer]],
    keep: Callable[[OnceAnswer], str | None],
) -> OnceAnswer:
    try:
        answer = await work()
    except SyncdError:
        # A refusal has changed nothing. What else ends the work may have: then the claim stands until it is old.
        async with writing(pool, request.tenant_id) as connection:
            await drop_request(connection, request.request_hash)
        raise
    kept = keep(answer)
    async with writing(pool, request.tenant_id) as connection:
        await finish_request(connection, request.request_hash, status=answer.status, answer=kept)
    return answer
