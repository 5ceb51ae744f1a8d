"""The budgets of credentials: shared through Redis, and this replica's own while Redis is away."""

import asyncio
import logging
import random
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from uuid import UUID, uuid4

from syncd.adapters.redis.budgets import SharedBudgets
from syncd.core.budgets import (
    Budget,
    Full,
    Go,
    KnownBudget,
    Rules,
    State,
    Verdict,
    Wait,
    ask,
    list_standings,
    make_reserve,
    tell,
)
from syncd.core.credentials import BudgetId, Credential, CredentialKind
from syncd.core.ids import ProjectId
from syncd.core.rates import Report
from syncd.errors import RetryLater, Unreachable

log = logging.getLogger("syncd.budgets")

FULL_PAUSE_SECONDS = 0.1
FULL_LONGEST_SECONDS = 60.0
# Redis was away: not asked again for so long, since each question may take a second to fail.
AWAY_SECONDS = 5.0
_REASONS = {
    "primary": "the requests of this hour are used up, but for a share that is left to others",
    "secondary": "GitHub asked for fewer requests",
    "retry_after": "GitHub asked to wait",
    "pace": "as many requests as GitHub allows in a minute wait already",
    "full": "as many requests as may be are under way",
}


class Budgets:
    """Opens the budget of each credential. *shared* none: this replica counts alone. *clock* gives epoch seconds."""

    def __init__(self, shared: SharedBudgets | None, rules: Rules, *, clock: Callable[[], float]) -> None:
        self._shared = shared
        self.rules = rules
        self._clock = clock
        self._own: dict[BudgetId, State] = {}
        self._uses: dict[ProjectId, Credential] = {}
        self._gates: dict[BudgetId, asyncio.Semaphore] = {}
        self._shared_from = 0.0

    def open(self, credential: Credential) -> Budget:
        """Return the budget of *credential*."""
        return _CredentialBudget(self, credential)

    async def mark_used(self, project_id: ProjectId, credential: Credential) -> None:
        """Note that a project draws on *credential*, for its status."""
        self._uses[project_id] = credential
        if self._shared is not None and self._is_shared():
            try:
                await self._shared.mark_used(project_id, credential.budget_id, credential.kind.value)
            except Unreachable as error:
                self._mark_away(error)

    def get_gate(self, budget_id: BudgetId) -> asyncio.Semaphore:
        """Return what this process's own requests queue at, in turn: only those at its front ask in Redis for a place."""
        return self._gates.setdefault(budget_id, asyncio.Semaphore(self.rules.concurrency))

    def list_own(self, project_ids: Iterable[ProjectId]) -> Sequence[KnownBudget]:
        """Return the budgets that *project_ids* draw on, as far as this replica alone knows them."""
        used = {one.budget_id: one for project_id in project_ids if (one := self._uses.get(project_id))}
        now = self._clock()
        return [
            KnownBudget(
                budget_id,
                credential.kind.value,
                list_standings(self._own.get(budget_id, State()), shared=False, now=now),
            )
            for budget_id, credential in used.items()
        ]

    def list_all(self) -> Sequence[KnownBudget]:
        """Return every budget that this replica has drawn on, as far as it knows it."""
        return self.list_own(tuple(self._uses))

    async def ask(
        self, budget_id: BudgetId, nonce: UUID, *, resource: str, bulk: bool, points: int = 1
    ) -> tuple[Verdict, bool]:
        """Return whether *nonce* may go, and whether all replicas were asked."""
        if self._shared is not None and self._is_shared():
            try:
                verdict = await self._shared.ask(budget_id, nonce, resource=resource, bulk=bulk, points=points)
            except Unreachable as error:
                self._mark_away(error)
            else:
                return verdict, True
        state = self._own.get(budget_id, State())
        now = self._clock()
        verdict, self._own[budget_id] = ask(
            state, self.rules, nonce, resource=resource, bulk=bulk, points=points, now=now
        )
        return verdict, False

    async def tell(self, budget_id: BudgetId, nonce: UUID, report: Report | None) -> None:
        """Give the slot of *nonce* back and count *report*, in Redis and here: what is known here serves when Redis goes away."""
        fraction = random.random()  # noqa: S311 - jitter is no secret
        state = self._own.get(budget_id, State())
        self._own[budget_id] = tell(state, nonce, report, now=self._clock(), fraction=fraction)
        if self._shared is not None and self._is_shared():
            try:
                await self._shared.tell(budget_id, nonce, report, fraction=fraction)
            except Unreachable as error:
                self._mark_away(error)

    def _is_shared(self) -> bool:
        return self._clock() >= self._shared_from

    def _mark_away(self, error: Unreachable) -> None:
        log.warning("budget is not shared", extra={"code": error.code})
        self._shared_from = self._clock() + AWAY_SECONDS


class _Spending:
    """What the answer of one request said, once it came."""

    def __init__(self) -> None:
        self.told: Report | None = None

    def report(self, report: Report) -> None:
        self.told = report


class _CredentialBudget:
    """The budget of one credential."""

    def __init__(self, budgets: Budgets, credential: Credential) -> None:
        self._budgets = budgets
        self._credential = credential

    @asynccontextmanager
    async def spend(self, resource: str, *, bulk: bool = False, points: int = 1) -> AsyncIterator[_Spending]:
        """Enter when the request may go."""
        nonce, spending, budget_id = uuid4(), _Spending(), self._credential.budget_id
        async with self._budgets.get_gate(budget_id):
            try:
                await self._enter(nonce, resource, bulk=bulk, points=points)
                yield spending
            finally:
                await self._budgets.tell(budget_id, nonce, spending.told)

    def get_bulk_reserve(self, limit: int) -> int:
        """Return how many of an hour's *limit* requests are not for content."""
        return make_reserve(self._budgets.rules, limit, bulk=True)

    async def _enter(self, nonce: UUID, resource: str, *, bulk: bool, points: int) -> None:
        waited = 0.0
        while True:
            verdict, shared = await self._budgets.ask(
                self._credential.budget_id, nonce, resource=resource, bulk=bulk, points=points
            )
            match verdict:
                case Go(after_seconds):
                    await asyncio.sleep(after_seconds)
                    return
                case Full() if waited < FULL_LONGEST_SECONDS:
                    waited += FULL_PAUSE_SECONDS
                    await asyncio.sleep(FULL_PAUSE_SECONDS)
                case Full():
                    raise self._make_error(Wait(FULL_LONGEST_SECONDS, "full"), shared=shared)
                case Wait():
                    raise self._make_error(verdict, shared=shared)

    def _make_error(self, wait: Wait, *, shared: bool) -> RetryLater:
        anonymous = self._credential.kind is CredentialKind.ANONYMOUS
        alone = "" if shared else " Redis is away: this daemon counts alone."
        tip = " With a token GitHub allows 5,000 requests an hour instead of 60." if anonymous else ""
        return RetryLater(
            "rate_limited",
            f"GitHub's rate limit holds ({_REASONS[wait.reason]}); it goes on in {wait.after_seconds:.0f} s.",
            hint=f"It goes on by itself at that time.{tip}{alone}",
            after_seconds=max(1.0, wait.after_seconds),
        )
