"""Every request asks its budget, and tells it what the answer said."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from syncd.adapters.github.client import open_github_client
from syncd.core.rates import Report
from syncd.errors import RetryLater, Unreachable
from tests.adapters.github.conftest import TOKEN, Hosted
from tests.fakegithub.faults import Answer, CutBody, Fault
from tests.fakegithub.limits import slow_down, use_up


@dataclass(slots=True)
class Ledger:
    """A budget that writes down what it is asked and told; *shut* refuses."""

    shut: bool = False
    asked: list[tuple[str, bool]] = field(default_factory=list)
    told: list[Report] = field(default_factory=list)
    inside: int = 0
    points: int = 0

    @asynccontextmanager
    async def spend(self, resource: str, *, bulk: bool = False, points: int = 1) -> AsyncIterator["Ledger"]:
        self.asked.append((resource, bulk))
        self.points += points
        if self.shut:
            raise RetryLater("rate_limited", "Not now.", after_seconds=5)
        self.inside += 1
        try:
            yield self
        finally:
            self.inside -= 1

    def get_bulk_reserve(self, limit: int) -> int:
        return limit // 5

    def report(self, report: Report) -> None:
        assert self.inside
        self.told.append(report)


async def test_each_way_asks_for_its_resource_and_tells_its_answer(hosted: Hosted) -> None:
    ledger = Ledger()
    async with open_github_client(api_url=hosted.fake.url, token=TOKEN, budget=ledger) as client:
        await client.get("/repos/acme/handbook")
        await client.get_bytes("/repos/acme/handbook", max_bytes=10_000)
        await client.post_graphql("{ rateLimit { remaining } }", {})
    assert ledger.asked == [("core", False), ("core", True), ("graphql", True)]
    assert [report.resource for report in ledger.told] == ["core", "core", "graphql"]
    assert [report.window.remaining for report in ledger.told if report.window] == [4999, 4998, 4999]
    assert not any(report.limited for report in ledger.told)
    assert ledger.inside == 0
    assert ledger.points == 3


async def test_a_request_that_may_not_go_is_not_sent_and_not_counted(hosted: Hosted) -> None:
    async with open_github_client(api_url=hosted.fake.url, token=TOKEN, budget=Ledger(shut=True)) as client:
        for asking in (
            client.get("/rate_limit"),
            client.get_bytes("/rate_limit", max_bytes=10),
            client.post_graphql("{ rateLimit { remaining } }", {}),
        ):
            with pytest.raises(RetryLater):
                await asking
        assert client.cost.requests == 0
    assert hosted.fake.requests == []


@pytest.mark.parametrize("status", [403, 429])
async def test_every_kind_of_limit_is_told(hosted: Hosted, status: int) -> None:
    ledger = Ledger()
    reset_at = int(time.time()) + 600
    effects = [
        use_up(reset_at=reset_at, status=status),
        slow_down(status=status),
        slow_down(retry_after=9, status=status),
    ]
    async with open_github_client(api_url=hosted.fake.url, token=TOKEN, budget=ledger) as client:
        for effect in effects:
            hosted.fake.faults.add(Fault(on="/rate_limit", effect=effect))
            assert (await client.get("/rate_limit")).status == status
    assert [report.limited for report in ledger.told] == [True] * 3
    assert [report.retry_after_seconds for report in ledger.told] == [None, None, 9.0]
    assert next(report.window.remaining for report in ledger.told if report.window) == 0


async def test_what_is_left_for_content_leaves_the_reserve_out(hosted: Hosted) -> None:
    async with open_github_client(api_url=hosted.fake.url, token=TOKEN, budget=Ledger()) as client:
        await client.get("/repos/acme/handbook")
        assert client.requests_left == 4999 - 1000
        hosted.fake.faults.add(Fault(on="/rate_limit", effect=use_up(reset_at=int(time.time()) + 600)))
        await client.get("/rate_limit")
        assert client.requests_left == 0


async def test_a_refusal_that_is_no_limit_is_told_as_none(hosted: Hosted) -> None:
    ledger = Ledger()
    hosted.fake.faults.add(Fault(on="/rate_limit", effect=Answer(403, body=b'{"message": "No."}')))
    async with open_github_client(api_url=hosted.fake.url, token=TOKEN, budget=ledger) as client:
        await client.get("/rate_limit")
    assert [report.limited for report in ledger.told] == [False]


async def test_a_query_that_is_limited_says_so_with_status_200(hosted: Hosted) -> None:
    ledger = Ledger()
    limited = b'{"errors": [{"type": "RATE_LIMITED", "message": "API rate limit exceeded"}]}'
    quoted = b'{"data": {"text": "RATE_LIMITED"}}'
    async with open_github_client(api_url=hosted.fake.url, token=TOKEN, budget=ledger) as client:
        for body in (limited, quoted, b"RATE_LIMITED", b'["RATE_LIMITED"]'):
            hosted.fake.faults.add(Fault(on="/graphql", effect=Answer(200, body=body)))
            await client.post_graphql("{ rateLimit { remaining } }", {})
    assert [report.limited for report in ledger.told] == [True, False, False, False]


async def test_a_request_without_an_answer_gives_its_place_back(hosted: Hosted) -> None:
    ledger = Ledger()
    hosted.fake.faults.add(Fault(on="/rate_limit", effect=CutBody(keep_bytes=1), times=None))
    async with open_github_client(api_url=hosted.fake.url, token=TOKEN, budget=ledger) as client:
        with pytest.raises(Unreachable):
            await client.get("/rate_limit")
    assert (ledger.inside, ledger.told) == (0, [])
