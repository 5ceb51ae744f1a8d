"""The shared budget: the scripts take the steps of the core, whoever asks, and leave nothing behind."""

from dataclasses import dataclass, field
from random import Random
from uuid import UUID, uuid4

import pytest
from redis.asyncio import Redis
from redis.crc import key_slot

from syncd.adapters.embedded.redis import RedisServer
from syncd.adapters.redis.budgets import SharedBudgets, _keys, list_budgets
from syncd.adapters.redis.locks import open_redis_client
from syncd.core.budgets import Full, Go, KnownBudget, Rules, State, Verdict, Wait, ask, list_standings, tell
from syncd.core.credentials import BudgetId
from syncd.core.ids import ProjectId
from syncd.core.rates import Report, Window
from syncd.errors import Unreachable

# Whole microseconds everywhere: the core counts in floating seconds, Redis in microseconds.
RULES = Rules(
    concurrency=4, points_per_second=2.0, graphql_points_per_second=4.0, burst_points=6, longest_pace_seconds=2.0
)


@pytest.fixture
def budget_id() -> BudgetId:
    return BudgetId(uuid4().hex)


@dataclass(slots=True)
class Pair:
    """The budget in Redis and the one of the core, asked the same things at the same times."""

    shared: SharedBudgets
    budget_id: BudgetId
    now: list[float]
    state: State = field(default_factory=State)

    async def ask(self, nonce: UUID, resource: str, *, bulk: bool) -> tuple[Verdict, Verdict]:
        local, self.state = ask(self.state, RULES, nonce, resource=resource, bulk=bulk, points=1, now=self.now[0])
        return await self.shared.ask(self.budget_id, nonce, resource=resource, bulk=bulk, points=1), local

    async def tell(self, nonce: UUID, report: Report | None, fraction: float) -> None:
        self.state = tell(self.state, nonce, report, now=self.now[0], fraction=fraction)
        await self.shared.tell(self.budget_id, nonce, report, fraction=fraction)


def describe(verdict: Verdict) -> tuple[str, int, str]:
    """Return a verdict as what can be compared: floating seconds are exact to the millisecond."""
    match verdict:
        case Go(after):
            return "go", round(after * 1e3), ""
        case Full():
            return "full", 0, ""
        case Wait(after, reason):
            return "wait", round(after * 1e3), reason


def make_report(random: Random, now: float) -> Report | None:
    if random.random() < 0.1:
        return None
    reset = int(now) + random.choice([-100, 0, 30, 300])
    window = Window(random.choice([60, 5000]), random.choice([0, 3, 5, 40, 4000]), reset, random.choice([5.0, 60.0]))
    retry_after = random.choice([None, None, 5.0])
    limited = random.random() < 0.2
    return Report(
        random.choice(["core", "graphql"]),
        random.choice([window, window, None]),
        limited,
        retry_after if limited else None,
    )


async def test_the_scripts_take_the_steps_of_the_core(redis: Redis) -> None:
    seen = [await compare(redis, BudgetId(uuid4().hex), Random(seed)) for seed in range(8)]
    assert set().union(*seen) == {"go", "full", "wait"}


async def compare(redis: Redis, budget_id: BudgetId, random: Random) -> set[str]:
    """Walk both budgets through the same history and return which verdicts there were."""
    now, running, seen = [1_800_000_000.0], list[UUID](), set[str]()
    pair = Pair(SharedBudgets(redis, RULES, clock=lambda: now[0]), budget_id, now)
    for _ in range(150):
        now[0] += random.choice([0.0, 0.125, 0.5, 2.0, 70.0])
        if running and random.random() < 0.5:
            nonce = running.pop(random.randrange(len(running)))
            await pair.tell(nonce, make_report(random, now[0]), random.choice([0.0, 0.5]))
            continue
        nonce = random.choice(running) if running and random.random() < 0.2 else UUID(int=random.getrandbits(128))
        shared, local = await pair.ask(nonce, random.choice(["core", "graphql"]), bulk=random.random() < 0.3)
        assert describe(shared) == describe(local)
        seen.add(describe(local)[0])
        if isinstance(local, Go) and nonce not in running:
            running.append(nonce)
    project_id = ProjectId(uuid4())
    await pair.shared.mark_used(project_id, budget_id, "server_token")
    (told,) = await list_budgets(redis, [project_id], now=now[0])
    wanted = list_standings(pair.state, shared=True, now=now[0])
    assert [(one.resource, one.limit, one.remaining, one.pause_reason) for one in told.standings] == [
        (one.resource, one.limit, one.remaining, one.pause_reason) for one in wanted
    ]
    return seen


async def test_two_replicas_share_what_is_left(redis_server: RedisServer, redis: Redis, budget_id: BudgetId) -> None:
    async with open_redis_client(redis_server.url) as other:
        one, two = SharedBudgets(redis, RULES), SharedBudgets(other, RULES)
        nonce = uuid4()
        assert await one.ask(budget_id, nonce, resource="core", bulk=False, points=1) == Go(0.0)
        report = Report("core", Window(5000, 250, 2_000_000_000, 600.0))
        await one.tell(budget_id, nonce, report, fraction=0)
        verdict = await two.ask(budget_id, uuid4(), resource="core", bulk=False, points=1)
    assert isinstance(verdict, Wait)
    assert (verdict.reason, round(verdict.after_seconds / 10)) == ("primary", 60)


async def test_another_credential_goes_on(redis: Redis, budget_id: BudgetId) -> None:
    shared, nonce = SharedBudgets(redis, RULES), uuid4()
    await shared.tell(budget_id, nonce, Report("core", None, limited=True), fraction=0)
    assert isinstance(await shared.ask(budget_id, uuid4(), resource="core", bulk=False, points=1), Wait)
    other = BudgetId(uuid4().hex)
    assert await shared.ask(other, uuid4(), resource="core", bulk=False, points=1) == Go(0.0)


async def test_what_is_known_ends_with_the_hour(redis: Redis, budget_id: BudgetId) -> None:
    shared, nonce = SharedBudgets(redis, RULES), uuid4()
    await shared.ask(budget_id, nonce, resource="core", bulk=False, points=1)
    await shared.tell(budget_id, nonce, Report("core", Window(60, 59, 2_000_000_000, 600.0)), fraction=0)
    assert 0 < await redis.pttl(_keys(budget_id)[0]) <= 601_000
    assert await redis.exists(_keys(budget_id)[1]) == 0
    await shared.ask(budget_id, nonce, resource="core", bulk=False, points=1)
    assert 0 < await redis.pttl(_keys(budget_id)[1]) <= 125_000


def test_both_keys_of_a_budget_stand_in_one_slot_of_a_cluster(budget_id: BudgetId) -> None:
    assert len({key_slot(key.encode()) for key in _keys(budget_id)}) == 1


async def test_the_budgets_of_projects_are_found(redis: Redis, budget_id: BudgetId) -> None:
    shared, projects = SharedBudgets(redis, RULES), [ProjectId(uuid4()) for _ in range(3)]
    for project_id in projects[:2]:
        await shared.mark_used(project_id, budget_id, "server_token")
    assert await list_budgets(redis, projects, now=0) == [KnownBudget(budget_id, "server_token", [])]
    assert await list_budgets(redis, [], now=0) == []


async def test_a_redis_that_is_away_is_said_so(closed_port: int, budget_id: BudgetId) -> None:
    async with open_redis_client(f"redis://127.0.0.1:{closed_port}") as away:
        with pytest.raises(Unreachable):
            await SharedBudgets(away, RULES).ask(budget_id, uuid4(), resource="core", bulk=False, points=1)
