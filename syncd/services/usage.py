"""What the agents of a tenant ask, as its operators see it, and how much they may."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from syncd.adapters.postgres.connections import Pool
from syncd.adapters.postgres.transactions import reading, writing
from syncd.adapters.postgres.usage import Grouping, NamedUsage, find_quota, get_spending, list_usage, put_quota
from syncd.core.ids import TenantId
from syncd.core.usage import Quota, Spending
from syncd.errors import BadUsage

MAX_DAYS = 3660


@dataclass(frozen=True, slots=True)
class UsageReport:
    """The usage of the days from *since* to *until* (UTC), and of today beside its quota."""

    since: date
    until: date
    items: Sequence[NamedUsage]
    today: Spending


async def get_usage(pool: Pool, tenant_id: TenantId, *, today: date, days: int, by: Grouping) -> UsageReport:
    """Return the usage of the last *days* days, today's too, summed up *by* day, tool or key. Raises `BadUsage`."""
    if not 1 <= days <= MAX_DAYS:
        raise BadUsage("days_invalid", f"{days} is no number of days from 1 to {MAX_DAYS}.", hint="For example 30.")
    since = today - timedelta(days=days - 1)
    async with reading(pool, tenant_id) as connection:
        items = await list_usage(connection, since, today, by=by)
        return UsageReport(since, today, items, await get_spending(connection, today))


async def set_quota(pool: Pool, tenant_id: TenantId, *, calls_per_day: int | None, tokens_per_day: int | None) -> Quota:
    """Set how much the agents of a tenant may ask in a day; servers keep to it within a second. Raises `BadUsage`."""
    if any(limit is not None and not 0 <= limit < 2**63 for limit in (calls_per_day, tokens_per_day)):
        raise BadUsage("quota_invalid", "A quota is a number from 0.", hint="`none` takes it away.")
    quota = Quota(calls_per_day, tokens_per_day)
    async with writing(pool, tenant_id) as connection:
        await put_quota(connection, quota)
    return quota


async def get_quota(pool: Pool, tenant_id: TenantId) -> Quota:
    """Return how much the agents of a tenant may ask in a day."""
    async with reading(pool, tenant_id) as connection:
        return await find_quota(connection)
