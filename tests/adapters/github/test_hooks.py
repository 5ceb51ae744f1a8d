"""Webhooks through the real adapter: made once, looked up, sent again; each refusal is a sentence; the secret is nowhere."""

import logging
from collections.abc import AsyncIterator

import pytest

from syncd.adapters.github.client import open_github_client
from syncd.adapters.github.hooks import EVENTS, create_hook, find_hook, list_sent_deliveries, request_redelivery
from syncd.errors import Rejected, RetryLater, Stalled
from tests.adapters.github.conftest import NAME, TOKEN, Hosted
from tests.fakegithub.faults import Answer, CutBody, Fault

SECRET = "canary-secret-of-a-webhook"


@pytest.fixture
async def managed(hosted: Hosted) -> Hosted:
    """The repository, whose token may manage webhooks."""
    hosted.fake.hooks.managers.add(hosted.fake.add_token(TOKEN).name)
    return hosted


@pytest.fixture
def url(closed_port: int) -> str:
    """Where nobody receives deliveries."""
    return f"http://127.0.0.1:{closed_port}/webhooks/github"


async def test_a_hook_is_made_as_json_with_its_secret_for_the_events_that_count(managed: Hosted, url: str) -> None:
    number = managed.repository.number
    assert await find_hook(managed.client, number, url, name=NAME) is None
    made = await create_hook(managed.client, number, url, secret=SECRET, name=NAME)
    (kept,) = managed.fake.hooks.list_of(number)
    assert (kept.url, kept.content_type, kept.secret, tuple(kept.events)) == (url, "json", SECRET, EVENTS)
    found = await find_hook(managed.client, number, url, name=NAME)
    assert found == made
    assert found.active
    assert await find_hook(managed.client, number, url + "/other", name=NAME) is None
    assert managed.client.cost.requests == 4


async def test_a_delivery_that_failed_is_seen_and_sent_again(managed: Hosted, url: str) -> None:
    number = managed.repository.number
    hook = await create_hook(managed.client, number, url, secret=SECRET, name=NAME)
    (ping,) = await list_sent_deliveries(managed.client, number, hook.hook_id, name=NAME)
    assert (ping.event, ping.status_code, ping.redelivery) == ("ping", 0, False)
    await request_redelivery(managed.client, number, hook.hook_id, ping.delivery_id, name=NAME)
    newest, _ = await list_sent_deliveries(managed.client, number, hook.hook_id, name=NAME)
    assert (newest.guid, newest.redelivery) == (ping.guid, True)


async def test_a_token_without_the_permission_is_told_which_it_needs(hosted: Hosted, url: str) -> None:
    number = hosted.repository.number
    with pytest.raises(Rejected) as looked:
        await find_hook(hosted.client, number, url, name=NAME)
    with pytest.raises(Rejected) as made:
        await create_hook(hosted.client, number, url, secret=SECRET, name=NAME)
    for caught in (looked, made):
        assert caught.value.code == "webhook_denied"
        assert NAME in caught.value.message
        assert "Webhooks: read and write" in caught.value.hint


async def test_an_address_that_github_cannot_reach_is_refused_in_its_words(managed: Hosted) -> None:
    with pytest.raises(Rejected, match="reachable over the public Internet") as caught:
        await create_hook(
            managed.client, managed.repository.number, "https://unreachable.test/", secret=SECRET, name=NAME
        )
    assert caught.value.code == "webhook_refused"


async def test_a_hook_that_is_there_is_not_made_twice(managed: Hosted, url: str) -> None:
    await create_hook(managed.client, managed.repository.number, url, secret=SECRET, name=NAME)
    with pytest.raises(Rejected, match="already exists"):
        await create_hook(managed.client, managed.repository.number, url, secret=SECRET, name=NAME)


@pytest.mark.parametrize(
    ("status", "headers", "kind", "code"),
    [
        (401, {}, Stalled, "credential_refused"),
        (403, {"Retry-After": "7"}, RetryLater, "rate_limited"),
        (502, {}, RetryLater, "github_unreachable"),
        (301, {}, RetryLater, "github_answer_unexpected"),
    ],
)
async def test_other_refusals_mean_what_they_mean_elsewhere(
    managed: Hosted, url: str, status: int, headers: dict[str, str], kind: type[Exception], code: str
) -> None:
    managed.fake.faults.add(Fault(on="/hooks", effect=Answer(status, headers, b"{}"), times=None))
    number = managed.repository.number
    for call in (
        create_hook(managed.client, number, url, secret=SECRET, name=NAME),
        list_sent_deliveries(managed.client, number, 1, name=NAME),
        request_redelivery(managed.client, number, 1, 1, name=NAME),
    ):
        with pytest.raises(kind) as caught:
            await call
        assert getattr(caught.value, "code", None) == code


@pytest.fixture
async def logged(caplog: pytest.LogCaptureFixture) -> AsyncIterator[pytest.LogCaptureFixture]:
    with caplog.at_level(logging.DEBUG):
        yield caplog


async def test_the_secret_stands_in_no_log_and_no_error(
    managed: Hosted, url: str, logged: pytest.LogCaptureFixture
) -> None:
    number = managed.repository.number
    async with open_github_client(api_url=managed.fake.url, token=TOKEN) as client:
        managed.fake.faults.add(Fault(on="/hooks", effect=CutBody(3)))
        with pytest.raises(RetryLater) as caught:
            await create_hook(client, number, url, secret=SECRET, name=NAME)
        with pytest.raises(Rejected):
            await create_hook(client, number, url, secret=SECRET, name=NAME)
    told = "\n".join(f"{record.getMessage()} {record.__dict__}" for record in logged.records)
    error: BaseException | None = caught.value
    while error is not None:
        told += repr(error)
        error = error.__cause__
    assert SECRET not in told
    assert TOKEN not in told
