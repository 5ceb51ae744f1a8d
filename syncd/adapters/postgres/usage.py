"""What agents ask, written down in batches and summed up by day; and how much a tenant may ask."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from datetime import date, datetime
from typing import Literal, TypeAlias

import asyncpg

from syncd.adapters.postgres.connections import Connection
from syncd.adapters.postgres.statements import load_statement
from syncd.core.usage import AgentRequest, Quota, Spending, Usage, UsageKey
from syncd.errors import Rejected

_RECORD_REQUESTS = load_statement("usage/record_requests")
_REMOVE_REQUESTS = load_statement("usage/remove_requests")
_GET_SPENDING = load_statement("usage/get_spending")
_LIST_USAGE = load_statement("usage/list_usage")
_FIND_QUOTA = load_statement("usage/find_quota")
_PUT_QUOTA = load_statement("usage/put_quota")

# What of a request is stored as it is.
_PLAIN_FIELDS = tuple(
    one.name for one in fields(AgentRequest) if one.name not in {"request_id", "requested_at", "refused"}
)

Grouping: TypeAlias = Literal["day", "tool", "key"]


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedUsage:
    """The usage of one day, one tool or one key."""

    name: str
    calls: int
    refused: int
    failed: int
    rows: int
    bytes: int
    tokens: int
    milliseconds: float
    unrecorded: int


@contextmanager
def explaining_refusal() -> Iterator[None]:
    """Turn a batch that the database will never take (its tenant is gone, say) into `Rejected`."""
    try:
        yield
    except (
        asyncpg.IntegrityConstraintViolationError,
        asyncpg.DataError,
        asyncpg.SyntaxOrAccessError,
    ) as error:
        raise Rejected(
            "accounting_refused", f"The database refused a batch of requests ({type(error).__name__})."
        ) from error


async def record_requests(
    connection: Connection, requests: Sequence[AgentRequest], usage: Mapping[UsageKey, Usage]
) -> bool:
    """Store a batch of the tenant of this transaction; once more changes nothing, and is answered by false."""
    rows = [
        {name: getattr(request, name) for name in _PLAIN_FIELDS}
        | {"request_id": str(request.request_id), "requested_at": request.requested_at.isoformat()}
        for request in requests
    ]
    sums = [
        {"day": day.isoformat(), "key_id": key_id, "tool": tool, **asdict(one)}
        for (day, key_id, tool), one in usage.items()
    ]
    return bool(await connection.fetchval(_RECORD_REQUESTS, rows, sums))


async def remove_requests(connection: Connection, *, before: datetime, limit: int) -> int:
    """Forget at most *limit* requests of any tenant that came before *before*; return how many those were."""
    removed: int = await connection.fetchval(_REMOVE_REQUESTS, before, limit)
    return removed


async def get_spending(connection: Connection, day: date) -> Spending:
    """Return what the tenant has asked on a day, and what it may."""
    row = await connection.fetchrow(_GET_SPENDING, day)
    assert row is not None  # noqa: S101 - sums over no rows are a row
    return Spending(row["calls"], row["tokens"], Quota(row["calls_per_day"], row["tokens_per_day"]))


async def list_usage(connection: Connection, since: date, until: date, *, by: Grouping) -> Sequence[NamedUsage]:
    """Return what the tenant's agents asked on the days from *since* to *until*, by the names of days, tools or keys."""
    return [NamedUsage(**row) for row in await connection.fetch(_LIST_USAGE, since, until, by)]


async def find_quota(connection: Connection) -> Quota:
    """Return how much the tenant's agents may ask in a day."""
    row = await connection.fetchrow(_FIND_QUOTA)
    return Quota() if row is None else Quota(row["calls_per_day"], row["tokens_per_day"])


async def put_quota(connection: Connection, quota: Quota) -> None:
    """Set how much the tenant's agents may ask in a day."""
    await connection.execute(_PUT_QUOTA, quota.calls_per_day, quota.tokens_per_day)
