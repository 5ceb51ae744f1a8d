"""What the agents of a tenant ask, over REST."""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from syncd.core.usage import Quota
from syncd.services.usage import MAX_DAYS, get_usage
from syncd.web.api.models import Asked, Told
from syncd.web.api.route import Call, Reply


class UsageQuery(Asked):
    """Of which days, summed up by what."""

    days: Annotated[int, Field(ge=1, le=MAX_DAYS, description="So many days, today's (UTC) too.")] = 30
    by: Annotated[Literal["day", "tool", "key"], Field(description="Summed up by what.")] = "day"


class QuotaTold(Told):
    """How much the agents of the tenant may ask in a day (UTC); null: as much as they like."""

    calls_per_day: int | None
    tokens_per_day: int | None


class UsedTold(Told):
    """What was asked on a day, of a tool, or by a key. Refused and failed calls are among the calls."""

    name: str
    calls: int
    refused: int
    failed: int
    rows: int
    bytes: int
    tokens: int
    milliseconds: float
    unrecorded: int


class TodayTold(Told):
    """What counts against the quota of today (UTC)."""

    calls: int
    tokens: int
    quota: QuotaTold


class UsageTold(Told):
    """The usage of some days, and of today beside its quota."""

    since: date
    until: date
    items: list[UsedTold]
    today: TodayTold


async def show_usage(call: Call) -> Reply:
    """Tell what the agents of the tenant asked."""
    query = call.ask(UsageQuery)
    today = call.site.clock().date()
    report = await get_usage(call.site.pool, call.caller.tenant_id, today=today, days=query.days, by=query.by)
    items = [
        UsedTold(
            name=one.name,
            calls=one.calls,
            refused=one.refused,
            failed=one.failed,
            rows=one.rows,
            bytes=one.bytes,
            tokens=one.tokens,
            milliseconds=one.milliseconds,
            unrecorded=one.unrecorded,
        )
        for one in report.items
    ]
    spent = report.today
    told = TodayTold(calls=spent.calls, tokens=spent.tokens, quota=_describe(spent.quota))
    return Reply(UsageTold(since=report.since, until=report.until, items=items, today=told))


def _describe(quota: Quota) -> QuotaTold:
    return QuotaTold(calls_per_day=quota.calls_per_day, tokens_per_day=quota.tokens_per_day)
