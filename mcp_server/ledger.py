"""The accounts of what agents ask: noted in memory, written in batches beside the requests, drained at the end, every loss counted.

Sums are never dropped for want of room: when more comes than can be written, only single rows are, and the sums say how many.
"""

import asyncio
import hashlib
import hmac
import json
import logging
import secrets
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from math import ceil
from uuid import UUID

from mcp_server.identity import Caller
from mcp_server.limits import Overloaded
from syncd.adapters.beside import beside
from syncd.adapters.postgres.connections import Pool
from syncd.adapters.postgres.reading.limits import explaining_reads
from syncd.adapters.postgres.transactions import reading, writing
from syncd.adapters.postgres.usage import explaining_refusal, get_spending, record_requests
from syncd.core.ids import TenantId
from syncd.core.usage import AgentRequest, Spending, Usage, UsageKey, make_request_id, measure_requests, sum_up
from syncd.errors import Rejected, SyncdError

FLUSH_SECONDS = 1.0
RETRY_SECONDS = 5.0
DRAIN_SECONDS = 5.0
# Rows of all tenants that wait to be written; some 3 MiB.
MAX_WAITING_REQUESTS = 10_000
# One statement has two seconds.
BATCH_REQUESTS = 1_000

# Equal arguments make equal texts.
_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), default=str)

logger = logging.getLogger("mcp_server.ledger")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """How a request ended. *tool* is a name of ours; *rows* and *text* are what its answer holds; *refused*: a limit kept it back.

    *request_id*: what it was called before it ended, if it was.
    """

    tool: str
    arguments: Mapping[str, object] | None
    outcome: str
    seconds: float
    rows: int = 0
    text: str = ""
    refused: bool = False
    request_id: UUID | None = None

    @property
    def bytes(self) -> int:
        """Return how many bytes the text has."""
        return len(self.text) if self.text.isascii() else len(self.text.encode(errors="replace"))


@dataclass(frozen=True, slots=True)
class _Batch:
    """What is written in one transaction. It stays as it is until it is known to be stored: the database tells a repeated one."""

    requests: tuple[AgentRequest, ...]
    usage: Mapping[UsageKey, Usage]


@dataclass(slots=True)
class _Book:
    """The account of one tenant: what waits to be written, and what it had spent when it was last looked at.

    *dropped* sums up what was not kept row by row: there is none of it where no row waits.
    """

    requests: list[AgentRequest] = field(default_factory=list)
    dropped: dict[UsageKey, Usage] = field(default_factory=dict)
    unsent: _Batch | None = None
    spending: Spending | None = None
    spent_on: date | None = None
    calls_since: int = 0
    tokens_since: int = 0

    @property
    def unwritten(self) -> Usage:
        """Return what is not known to be stored."""
        unsent = self.unsent.usage.values() if self.unsent else ()
        return sum((*unsent, *sum_up(self.requests, self.dropped).values()), Usage())

    @property
    def batches(self) -> int:
        """Return how many batches there are to write of what is here now."""
        return ceil(len(self.requests) / BATCH_REQUESTS) + (self.unsent is not None)

    @property
    def exhausted(self) -> bool:
        """Return whether the day's quota is used up."""
        return self.spending is not None and self.spending.exhausts(calls=self.calls_since, tokens=self.tokens_since)

    def note_spending(self, spending: Spending, day: date) -> None:
        """Note what was spent on *day* as the database says, which knows nothing of what is not stored."""
        self.spending, self.spent_on = spending, day
        unwritten = self.unwritten
        self.calls_since, self.tokens_since = unwritten.calls - unwritten.refused, unwritten.tokens

    def cut(self) -> _Batch | None:
        """Return the batch to be written next: the one whose end is not known, else one of what waits."""
        if self.unsent is None and self.requests:
            requests, self.requests = tuple(self.requests[:BATCH_REQUESTS]), self.requests[BATCH_REQUESTS:]
            self.unsent = _Batch(requests, sum_up(requests, self.dropped))
            self.dropped = {}
        return self.unsent


class Ledger:
    """Notes requests, writes them down, and knows whose day is used up. *key* hashes arguments; *clock* is UTC."""

    def __init__(self, pool: Pool, *, key: bytes, clock: Callable[[], datetime]) -> None:
        self._pool = pool
        self._key = key
        self._clock = clock
        self._books: dict[TenantId, _Book] = {}
        self._waiting = 0
        self._wake = asyncio.Event()

    def name_request(self) -> UUID:
        """Return the id of a request that begins now."""
        return make_request_id(self._clock(), secrets.token_bytes(10))

    def note(self, caller: Caller, answered: Answered) -> None:
        """Note one request of *caller*. Never waits, never fails."""
        now = self._clock()
        request = AgentRequest(
            request_id=answered.request_id or self.name_request(),
            requested_at=now,
            key_id=caller.key_id,
            tool=answered.tool,
            argument_hash=self._hash(answered.arguments),
            outcome=answered.outcome,
            rows=answered.rows,
            bytes=answered.bytes,
            tokens=ceil(len(answered.text) / 4),
            milliseconds=round(answered.seconds * 1000, 3),
            refused=answered.refused,
        )
        self._add(self._books.setdefault(caller.tenant_id, _Book()), request)
        self._wake.set()

    def _hash(self, arguments: Mapping[str, object] | None) -> str | None:
        """Return what tells equal arguments from others, and tells nothing else of them."""
        if not arguments:
            return None
        text = _ENCODER.encode(arguments)
        return hmac.digest(self._key, text.encode(errors="surrogatepass"), hashlib.sha256).hex()[:32]

    def _add(self, book: _Book, request: AgentRequest) -> None:
        # One row at least: by its first row a batch that comes again is known.
        recorded = self._waiting < MAX_WAITING_REQUESTS or not book.requests
        if recorded:
            book.requests.append(request)
            self._waiting += 1
        else:
            place = (request.day, request.key_id, request.tool)
            book.dropped[place] = book.dropped.get(place, Usage()) + measure_requests((request,), recorded=False)
        book.calls_since += not request.refused
        book.tokens_since += request.tokens

    async def require_quota(self, tenant_id: TenantId) -> None:
        """Return while the tenant's day is not used up. Raises `Overloaded`; other servers' calls of the last second are not seen."""
        now = self._clock()
        book = self._books.setdefault(tenant_id, _Book())
        if book.spent_on != now.date():
            await self._look(tenant_id, book, now.date())
        if book.exhausted:
            tomorrow = datetime.combine(now.date() + timedelta(days=1), time(), now.tzinfo)
            raise Overloaded(
                "quota_exhausted",
                "The quota of this tenant is used up for today (UTC).",
                hint="`syncd tenant quota` shows and changes it.",
                after_seconds=(tomorrow - now).total_seconds(),
            )

    async def _look(self, tenant_id: TenantId, book: _Book, day: date) -> None:
        with explaining_reads():
            async with reading(self._pool, tenant_id) as connection:
                spending = await get_spending(connection, day)
        book.note_spending(spending, day)

    async def flush(self) -> int:
        """Write down what waits. Returns how many tenants' accounts could not be written; they wait on."""
        failed = 0
        for tenant_id, book in list(self._books.items()):
            try:
                await self._flush_book(tenant_id, book)
            except Rejected as error:
                self._give_up(tenant_id, book, error)
            except SyncdError as error:
                failed += 1
                logger.warning("accounting_waits", extra={"tenant": str(tenant_id), "code": error.code})
        return failed

    def _give_up(self, tenant_id: TenantId, book: _Book, error: Rejected) -> None:
        lost = book.unsent
        if lost is not None:
            self._waiting -= len(lost.requests)
            calls = sum(one.calls for one in lost.usage.values())
            logger.error("accounting_lost", extra={"tenant": str(tenant_id), "calls": calls, "code": error.code})
        book.unsent = None

    async def _flush_book(self, tenant_id: TenantId, book: _Book) -> None:
        # What is noted meanwhile waits for the next flush: else a busy server would write without end, a few requests at a time.
        for _ in range(book.batches):
            batch = book.cut()
            if batch is None:
                return
            day = self._clock().date()
            with explaining_reads(), explaining_refusal():
                async with writing(self._pool, tenant_id) as connection:
                    await record_requests(connection, batch.requests, batch.usage)
                    spending = await get_spending(connection, day)
            self._waiting -= len(batch.requests)
            book.unsent = None
            book.note_spending(spending, day)

    async def run(self) -> None:
        """Write down what waits, a second after the first of it came, for ever."""
        while True:
            await self._wake.wait()
            await asyncio.sleep(FLUSH_SECONDS)
            self._wake.clear()
            if await self.flush():
                await asyncio.sleep(RETRY_SECONDS)
                self._wake.set()

    async def drain(self) -> None:
        """Write down what is left at the end; what cannot be is counted in the log."""
        with suppress(TimeoutError):
            async with asyncio.timeout(DRAIN_SECONDS):
                await self.flush()
        lost = sum(book.unwritten.calls for book in self._books.values())
        if lost:
            logger.error("accounting_lost", extra={"calls": lost})


@asynccontextmanager
async def open_ledger(pool: Pool, *, key: bytes, clock: Callable[[], datetime]) -> AsyncIterator[Ledger]:
    """Open the accounts; at the end they are drained."""
    ledger = Ledger(pool, key=key, clock=clock)
    try:
        async with beside(ledger.run()):
            yield ledger
    finally:
        await ledger.drain()
