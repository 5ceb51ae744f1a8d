"""The budget of a credential, shared by replicas and alone."""

import asyncio
import logging
from uuid import uuid4

import pytest
from redis.asyncio import Redis

from syncd.adapters.redis.budgets import SharedBudgets, list_budgets
from syncd.adapters.redis.locks import open_redis_client
from syncd.core.budgets import KnownBudget, Rules
from syncd.core.credentials import (
    Credential,
    CredentialKind,
    make_anonymous_credential,
    make_installation_credential,
    make_token_credential,
)
from syncd.core.ids import ProjectId
from syncd.core.rates import Report, Window
from syncd.errors import RetryLater
from syncd.services.budgets import AWAY_SECONDS, Budgets
from tests.loop import Clock

API_URL = "https://api.github.com"
USED_UP = Report("core", Window(5000, 250, 2_000_000_000, 600.0))


@pytest.fixture
def credential() -> Credential:
    return make_token_credential(CredentialKind.PROJECT_TOKEN, f"ghp_{uuid4().hex}", api_url=API_URL)


def open_budgets(redis: Redis | None, *, concurrency: int = 8, clock: Clock | None = None) -> Budgets:
    rules, clock = Rules(concurrency=concurrency), clock or Clock()
    return Budgets(SharedBudgets(redis, rules) if redis else None, rules, clock=lambda: clock().timestamp())


async def spend(budgets: Budgets, credential: Credential, report: Report | None = None) -> None:
    async with budgets.open(credential).spend("core") as spending:
        if report:
            spending.report(report)


async def test_a_starved_credential_waits_in_every_replica_and_others_go_on(
    redis: Redis, credential: Credential
) -> None:
    await spend(open_budgets(redis), credential, USED_UP)
    with pytest.raises(RetryLater) as caught:
        await spend(open_budgets(redis), credential)
    assert caught.value.code == "rate_limited"
    assert 590 < caught.value.after_seconds <= 600
    assert "hour" in caught.value.message
    other = make_token_credential(CredentialKind.SERVER_TOKEN, f"ghp_{uuid4().hex}", api_url=API_URL)
    await spend(open_budgets(redis), other)


async def test_a_place_that_is_given_back_is_taken_by_the_next(redis: Redis, credential: Credential) -> None:
    budgets, running, most = open_budgets(redis, concurrency=2), 0, 0

    async def work() -> None:
        nonlocal running, most
        async with budgets.open(credential).spend("core"):
            running += 1
            most = max(most, running)
            await asyncio.sleep(0)
            running -= 1

    async with asyncio.timeout(5), asyncio.TaskGroup() as group:
        for _ in range(6):
            group.create_task(work())
    assert most <= 2


async def test_replicas_together_keep_to_the_number_at_once(redis: Redis, credential: Credential) -> None:
    running, most = 0, 0

    async def work(budgets: Budgets) -> None:
        nonlocal running, most
        async with budgets.open(credential).spend("core"):
            running += 1
            most = max(most, running)
            await asyncio.sleep(0)
            running -= 1

    replicas = [open_budgets(redis, concurrency=2) for _ in range(3)]
    async with asyncio.timeout(5), asyncio.TaskGroup() as group:
        for budgets in replicas * 3:
            group.create_task(work(budgets))
    assert 1 <= most <= 2


async def test_a_caller_that_gives_up_gives_its_place_back(redis: Redis, credential: Credential) -> None:
    budgets, inside = open_budgets(redis, concurrency=1), asyncio.Event()

    async def hold() -> None:
        async with budgets.open(credential).spend("core"):
            inside.set()
            await asyncio.Event().wait()

    holder = asyncio.create_task(hold())
    await inside.wait()
    holder.cancel()
    await asyncio.gather(holder, return_exceptions=True)
    async with asyncio.timeout(5):
        await spend(budgets, credential)


async def test_without_redis_a_replica_counts_alone_and_says_so(
    closed_port: int, credential: Credential, caplog: pytest.LogCaptureFixture
) -> None:
    clock = Clock()
    async with open_redis_client(f"redis://127.0.0.1:{closed_port}") as away:
        budgets = open_budgets(away, clock=clock)
        with caplog.at_level(logging.WARNING):
            await spend(budgets, credential, USED_UP)
            assert len(caplog.records) == 1  # not asked again at once
            with pytest.raises(RetryLater) as caught:
                await spend(budgets, credential)
            assert "counts alone" in caught.value.hint
            clock.advance(AWAY_SECONDS)
            with pytest.raises(RetryLater):
                await spend(budgets, credential)
            assert len(caplog.records) == 2
        project_id = ProjectId(uuid4())
        await budgets.mark_used(project_id, credential)
    (known,) = budgets.list_own([project_id, ProjectId(uuid4())])
    assert [(one.remaining, one.limit, one.shared) for one in known.standings] == [(250, 5000, False)]


async def test_what_was_shared_is_known_when_redis_goes_away(
    redis: Redis, closed_port: int, credential: Credential
) -> None:
    budgets = open_budgets(redis)
    await spend(budgets, credential, USED_UP)
    async with open_redis_client(f"redis://127.0.0.1:{closed_port}") as away:
        budgets._shared = SharedBudgets(away, Rules())
        with pytest.raises(RetryLater) as caught:
            await spend(budgets, credential)
    assert "counts alone" in caught.value.hint


async def test_who_comes_without_a_token_is_told_of_one(redis: Redis) -> None:
    anonymous = make_anonymous_credential(api_url=f"https://{uuid4().hex}.example")
    budgets = open_budgets(redis)
    await spend(budgets, anonymous, Report("core", Window(60, 3, 2_000_000_000, 600.0)))
    with pytest.raises(RetryLater) as caught:
        await spend(budgets, anonymous)
    assert "5,000" in caught.value.hint


async def test_the_budget_of_a_project_is_noted(redis: Redis, credential: Credential) -> None:
    project_id = ProjectId(uuid4())
    await open_budgets(redis).mark_used(project_id, credential)
    assert await list_budgets(redis, [project_id], now=0) == [KnownBudget(credential.budget_id, "project_token", [])]
    await open_budgets(None).mark_used(project_id, credential)


def test_a_budget_is_named_by_a_hash_that_holds_no_token() -> None:
    token = "ghp_canary"
    one = make_token_credential(CredentialKind.SERVER_TOKEN, token, api_url=API_URL)
    assert one.budget_id == make_token_credential(CredentialKind.PROJECT_TOKEN, token, api_url=API_URL).budget_id
    assert one.budget_id != make_token_credential(CredentialKind.SERVER_TOKEN, token, api_url="https://x").budget_id
    assert token not in repr(one)
    tokens = [make_installation_credential(7, f"ghs_{number}", api_url=API_URL) for number in range(2)]
    assert tokens[0].budget_id == tokens[1].budget_id != one.budget_id
