"""The budget of a credential, shared by all replicas: a hash and the slots of the requests under way, changed by two scripts."""

from collections.abc import Callable, Mapping, Sequence
from importlib.resources import files
from typing import TypeAlias
from uuid import UUID

from redis.asyncio import Redis

from syncd.adapters.redis.locks import calling_redis
from syncd.core.budgets import (
    FIRST_PAUSE_SECONDS,
    LONGEST_PAUSE_SECONDS,
    PAUSE_JITTER,
    SAME_RESET_SECONDS,
    SLOT_SECONDS,
    Full,
    Go,
    KnownBudget,
    Rules,
    Standing,
    Verdict,
    Wait,
    make_interval_seconds,
)
from syncd.core.credentials import BudgetId
from syncd.core.ids import ProjectId
from syncd.core.rates import Report

# In quotes: memoryview takes no argument at run time before Python 3.14.
_Arguments: TypeAlias = "list[str | int | float | bytes | bytearray | memoryview[int]]"
_MICRO = 1_000_000
_USE_SECONDS = 2 * 86_400


class SharedBudgets:
    """The budgets in Redis. *clock* (epoch seconds) is for tests: without it Redis' own clock counts, the same for all replicas."""

    def __init__(self, redis: Redis, rules: Rules, *, clock: Callable[[], float] | None = None) -> None:
        self._redis = redis
        self._rules = rules
        self._clock = clock
        scripts = files("syncd.adapters.redis") / "scripts"
        self._ask = redis.register_script((scripts / "budget_ask.lua").read_text())
        self._tell = redis.register_script((scripts / "budget_tell.lua").read_text())

    async def ask(self, budget_id: BudgetId, nonce: UUID, *, resource: str, bulk: bool, points: int) -> Verdict:
        """Return whether the request *nonce* may go; asked again for the same request, the same. Raises `Unreachable`."""
        rules = self._rules
        args: _Arguments = [
            str(nonce),
            resource,
            points,
            rules.bulk_reserve_share if bulk else rules.reserve_share,
            rules.concurrency,
            _to_micro(make_interval_seconds(rules, resource)),
            rules.burst_points,
            _to_micro(rules.longest_pace_seconds),
            _to_micro(SLOT_SECONDS),
            self._now(),
        ]
        async with calling_redis():
            verdict, wait, reason = await self._ask(keys=_keys(budget_id), args=args)
        match verdict:
            case 0:
                return Go(wait / _MICRO)
            case 1:
                return Full()
            case _:
                return Wait(wait / _MICRO, reason)

    async def tell(self, budget_id: BudgetId, nonce: UUID, report: Report | None, *, fraction: float) -> None:
        """Give the slot of *nonce* back, and count what its answer said. *fraction* is random. Raises `Unreachable`."""
        window = report.window if report else None
        retry_after = report.retry_after_seconds if report else None
        args: _Arguments = [
            str(nonce),
            report.resource if report else "",
            "" if report is None else int(report.limited),
            *((window.limit, window.remaining, window.reset, _to_micro(window.reset_seconds)) if window else [""] * 4),
            "" if retry_after is None else _to_micro(retry_after),
            _to_micro(FIRST_PAUSE_SECONDS),
            _to_micro(LONGEST_PAUSE_SECONDS),
            1 + PAUSE_JITTER * fraction,
            SAME_RESET_SECONDS,
            self._now(),
        ]
        async with calling_redis():
            await self._tell(keys=_keys(budget_id), args=args)

    async def mark_used(self, project_id: ProjectId, budget_id: BudgetId, kind: str) -> None:
        """Note which budget a project draws on, so that its status can show it. Raises `Unreachable`."""
        async with calling_redis():
            await self._redis.set(_use_key(project_id), f"{kind} {budget_id}", ex=_USE_SECONDS)

    def _now(self) -> str | int:
        return "" if self._clock is None else _to_micro(self._clock())


async def list_budgets(redis: Redis, project_ids: Sequence[ProjectId], *, now: float) -> Sequence[KnownBudget]:
    """Return the budgets that *project_ids* draw on, in two round trips. *now* is epoch seconds. Raises `Unreachable`."""
    if not project_ids:
        return []
    async with calling_redis():
        async with redis.pipeline(transaction=False) as pipeline:
            for project_id in project_ids:
                pipeline.get(_use_key(project_id))
            marks = [mark.partition(" ") for mark in await pipeline.execute() if mark]
        kinds = {BudgetId(budget_id): kind for kind, _, budget_id in marks}
        async with redis.pipeline(transaction=False) as pipeline:
            for budget_id in kinds:
                pipeline.hgetall(_keys(budget_id)[0])
            found = await pipeline.execute()
    return [
        KnownBudget(budget_id, kind, _make_standings(fields, now=now))
        for (budget_id, kind), fields in zip(kinds.items(), found, strict=True)
    ]


def _make_standings(fields: Mapping[str, str], *, now: float) -> Sequence[Standing]:
    paused_until = float(fields.get("paused_until", "0")) / _MICRO
    paused = paused_until > now
    resources = sorted(name.partition(":")[2] for name in fields if name.startswith("limit:"))
    standings = [
        Standing(
            resource,
            int(fields[f"limit:{resource}"]),
            int(fields[f"remaining:{resource}"]),
            float(fields[f"ends_at:{resource}"]) / _MICRO,
            paused_until if paused else 0.0,
            fields["pause_reason"] if paused else "",
            shared=True,
        )
        for resource in resources
    ]
    return [standing for standing in standings if standing.ends_at > now]


def _to_micro(seconds: float) -> int:
    return round(seconds * _MICRO)


def _keys(budget_id: BudgetId) -> list[str]:
    # The braces keep both keys of a budget in one slot of a Redis Cluster.
    return [f"syncd:{{b:{budget_id}}}:budget", f"syncd:{{b:{budget_id}}}:slots"]


def _use_key(project_id: ProjectId) -> str:
    return f"syncd:{{p:{project_id}}}:budget"
