"""Whether a request to GitHub may go now, a little later, or must wait: the state of one credential, and pure steps on it.

Replicas share this state in Redis, where `adapters/redis/scripts/budget_*.lua` take the same steps; a test holds the two
together. The steps here serve while Redis is away.
"""

import math
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field, replace
from typing import Protocol, TypeAlias
from uuid import UUID

from syncd.core.credentials import BudgetId
from syncd.core.rates import GRAPHQL, Report

# Two answers of one hour may differ by this much in when it ends.
SAME_RESET_SECONDS = 60
# A slot that nobody gave back, because its process died, is free again after this: no later than its locks are. A download that
# takes longer goes on without one; GitHub's own limit is far above ours.
SLOT_SECONDS = 30.0
FIRST_PAUSE_SECONDS = 60.0
LONGEST_PAUSE_SECONDS = 3600.0
PAUSE_JITTER = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """How much of GitHub's published limits is used (they are 100 requests at once, 900 points a minute, 2,000 for GraphQL).

    In any minute at most `points_per_second * 60 + burst_points` points go. A share of the hour is left to other users of the
    credential, and a larger one to looks at heads, so that one large import does not blind every other project.
    """

    concurrency: int = 8
    points_per_second: float = 14.0
    burst_points: int = 60
    graphql_points_per_second: float = 30.0
    reserve_share: float = 0.05
    bulk_reserve_share: float = 0.2
    longest_pace_seconds: float = 30.0


@dataclass(frozen=True, slots=True)
class Go:
    """The request has a slot, and may go *after_seconds*."""

    after_seconds: float


@dataclass(frozen=True, slots=True)
class Full:
    """As many requests as may be are under way: ask again in a moment."""


@dataclass(frozen=True, slots=True)
class Wait:
    """Not before *after_seconds*. *reason* is primary, secondary, retry_after or pace."""

    after_seconds: float
    reason: str


Verdict: TypeAlias = Go | Full | Wait


@dataclass(frozen=True, slots=True)
class Hour:
    """What is left of an hour of one resource. *reset* is GitHub's number for it, *ends_at* its end by our clock."""

    limit: int
    remaining: int
    reset: int
    ends_at: float


@dataclass(frozen=True, slots=True)
class State:
    """Everything known of one credential; times are epoch seconds. *slots* holds when each request under way is given up."""

    hours: Mapping[str, Hour] = field(default_factory=dict)
    arrivals: Mapping[str, float] = field(default_factory=dict)
    slots: Mapping[UUID, float] = field(default_factory=dict)
    paused_until: float = 0.0
    pause_reason: str = ""
    strikes: int = 0


@dataclass(frozen=True, slots=True)
class Standing:
    """How a credential stands at one resource, as operators see it. *shared*: known by all replicas, not by this one alone."""

    resource: str
    limit: int
    remaining: int
    ends_at: float
    paused_until: float
    pause_reason: str
    shared: bool


@dataclass(frozen=True, slots=True)
class KnownBudget:
    """How one credential stands, by resource; none are known before its first answer, and after its hour. *kind* is its kind."""

    budget_id: BudgetId
    kind: str
    standings: Sequence[Standing]


class Spending(Protocol):
    """One request under way."""

    def report(self, report: Report) -> None:
        """Say what the answer said; without it the request costs nothing that is known."""


class Budget(Protocol):
    """What a client asks before each request, whose answer it then reports."""

    def spend(self, resource: str, *, bulk: bool = False, points: int = 1) -> AbstractAsyncContextManager[Spending]:
        """Enter when the request may go; raises `RetryLater` (rate_limited) where that is too far off.

        *bulk*: one of many requests for content, which leave more to others than a look at a head does. *points* is what it
        counts for GitHub's limit by the minute.
        """

    def get_bulk_reserve(self, limit: int) -> int:
        """Return how many of an hour's *limit* requests are not for content."""


def ask(
    state: State, rules: Rules, nonce: UUID, *, resource: str, bulk: bool, points: int, now: float
) -> tuple[Verdict, State]:
    """Return whether the request *nonce* may go, and the state in which it has its slot."""
    state = replace(state, slots={known: until for known, until in state.slots.items() if until > now})
    if nonce in state.slots:
        return Go(max(0.0, state.slots[nonce] - SLOT_SECONDS - now)), state
    if state.paused_until > now:
        return Wait(state.paused_until - now, state.pause_reason), state
    hour = state.hours.get(resource)
    if hour is not None and hour.ends_at > now:
        reserve = make_reserve(rules, hour.limit, bulk=bulk)
        if hour.remaining <= reserve:
            return Wait(hour.ends_at - now, "primary"), state
        if hour.remaining - len(state.slots) <= reserve:
            return Full(), state
    if len(state.slots) >= rules.concurrency:
        return Full(), state
    return _pace(state, rules, nonce, resource=resource, points=points, now=now)


def _pace(state: State, rules: Rules, nonce: UUID, *, resource: str, points: int, now: float) -> tuple[Verdict, State]:
    """Return when the next request may go by the generic cell rate algorithm (ITU-T I.371): one number is the whole bucket."""
    interval = make_interval_seconds(rules, resource)
    arrival = max(state.arrivals.get(resource, 0.0), now)
    delay = max(0.0, arrival + points * interval - rules.burst_points * interval - now)
    if delay > rules.longest_pace_seconds:
        return Wait(delay, "pace"), state
    arrivals = dict(state.arrivals) | {resource: arrival + points * interval}
    slots = dict(state.slots) | {nonce: now + delay + SLOT_SECONDS}
    return Go(delay), replace(state, arrivals=arrivals, slots=slots)


def make_reserve(rules: Rules, limit: int, *, bulk: bool) -> int:
    """Return how many of an hour's *limit* requests are left to others."""
    return math.floor(limit * (rules.bulk_reserve_share if bulk else rules.reserve_share))


def make_interval_seconds(rules: Rules, resource: str) -> float:
    """Return the time that one point takes at an even pace."""
    return 1 / (rules.graphql_points_per_second if resource == GRAPHQL else rules.points_per_second)


def tell(state: State, nonce: UUID, report: Report | None, *, now: float, fraction: float) -> State:
    """Return the state after the answer to *nonce*; no *report* where none came. *fraction* is random in [0, 1)."""
    state = replace(state, slots={known: until for known, until in state.slots.items() if known != nonce})
    if report is None:
        return state
    state = _tell_hour(state, report, now=now)
    if not report.limited:
        return replace(state, strikes=0) if state.paused_until <= now else state
    if report.retry_after_seconds is not None:
        until = max(state.paused_until, now + report.retry_after_seconds)
        return replace(state, paused_until=until, pause_reason="retry_after")
    if state.paused_until > now or (report.window is not None and report.window.remaining == 0):
        # Refused together with others that were counted already, or the hour is used up, which its window says.
        return state
    pause = make_pause_seconds(state.strikes, fraction=fraction)
    return replace(state, strikes=state.strikes + 1, paused_until=now + pause, pause_reason="secondary")


def make_pause_seconds(strikes: int, *, fraction: float) -> float:
    """Return how long to be silent after a limit that states no time, *strikes* of them having gone before."""
    return min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2.0 ** min(strikes, 10)) * (1 + PAUSE_JITTER * fraction)


def _tell_hour(state: State, report: Report, *, now: float) -> State:
    """Return the state with the hour of *report*: answers overtake each other, so within one hour the least counts."""
    window = report.window
    if window is None:
        return state
    known = state.hours.get(report.resource)
    remaining = window.remaining
    if known is not None and known.ends_at > now and known.limit == window.limit:
        if window.reset < known.reset - SAME_RESET_SECONDS:
            return state
        if window.reset <= known.reset + SAME_RESET_SECONDS:
            remaining = min(remaining, known.remaining)
    hour = Hour(window.limit, remaining, window.reset, now + window.reset_seconds)
    return replace(state, hours=dict(state.hours) | {report.resource: hour})


def list_standings(state: State, *, shared: bool, now: float) -> list[Standing]:
    """Return how the credential stands at each resource whose hour is known."""
    paused = state.paused_until > now
    return [
        Standing(
            resource,
            hour.limit,
            hour.remaining,
            hour.ends_at,
            state.paused_until if paused else 0.0,
            state.pause_reason if paused else "",
            shared,
        )
        for resource, hour in sorted(state.hours.items())
        if hour.ends_at > now
    ]
