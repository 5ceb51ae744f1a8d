"""The fake's webhooks: described as GitHub describes them, signed as it signs, and struck by mishaps in known shares."""

import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import parse_qs

import pytest
from aiohttp import ClientSession, web
from multidict import CIMultiDictProxy

from tests.fakegithub.gitrepo import GitRepository
from tests.fakegithub.hooks import FakeHook, Mishaps, Sending
from tests.fakegithub.openapi.validation import validate_answer
from tests.fakegithub.repositories import HostedRepository
from tests.fakegithub.server import FakeGitHub, open_fake_github

TOKEN = "ghp_manager"
PATH = "/repos/acme/handbook/hooks"


@dataclass(slots=True)
class Received:
    headers: CIMultiDictProxy[str]
    body: bytes


@dataclass(slots=True)
class Hosted:
    fake: FakeGitHub
    repository: HostedRepository

    async def call(self, verb: str, path: str, body: object = None, *, token: str = TOKEN) -> tuple[int, Any]:
        """Ask, and hold the answer against GitHub's description."""
        headers = {"Authorization": f"token {token}"} if token else {}
        async with (
            ClientSession() as session,
            session.request(verb, self.fake.url + path, json=body, headers=headers) as response,
        ):
            content = await response.read()
        # What GitHub answers where a hook is not there it describes nowhere, and answers 404.
        if response.status != 404:
            plain = path.partition("?")[0]
            validate_answer(verb, plain, status=response.status, content_type=response.content_type, body=content)
        return response.status, json.loads(content)


@pytest.fixture
async def hosted(tmp_path: Path) -> AsyncIterator[Hosted]:
    git = GitRepository.create(tmp_path / "handbook.git")
    async with open_fake_github() as fake:
        fake.hooks.managers.add(fake.add_token(TOKEN).name)
        yield Hosted(fake, await fake.add_repository("acme/handbook", git))


@asynccontextmanager
async def open_receiver(received: list[Received], *, status: int = 202) -> AsyncIterator[str]:
    """Receive deliveries on the loopback."""

    async def receive(request: web.Request) -> web.Response:
        received.append(Received(request.headers, await request.read()))
        return web.Response(status=status)

    app = web.Application()
    app.router.add_post("/hook", receive)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    finally:
        await runner.cleanup()


def ask_for(url: str, content_type: str = "json") -> dict[str, object]:
    config = {"url": url, "content_type": content_type, "secret": "a secret between us"}
    return {"name": "web", "active": True, "events": ["push"], "config": config}


@pytest.mark.parametrize("content_type", ["json", "form"])
async def test_a_new_hook_is_pinged_and_signs_its_raw_bytes(hosted: Hosted, content_type: str) -> None:
    received: list[Received] = []
    async with open_receiver(received) as url:
        status, hook = await hosted.call("POST", PATH, ask_for(url, content_type))
    assert (status, hook["config"]["secret"]) == (201, "********")
    (ping,) = received
    assert ping.headers["X-GitHub-Event"] == "ping"
    digest = hmac.new(b"a secret between us", ping.body, hashlib.sha256).hexdigest()
    assert ping.headers["X-Hub-Signature-256"] == f"sha256={digest}"
    payload = json.loads(ping.body if content_type == "json" else parse_qs(ping.body)[b"payload"][0])
    assert payload["repository"]["id"] == hosted.repository.number


async def test_deliveries_are_listed_and_sent_again_under_their_guid(hosted: Hosted) -> None:
    received: list[Received] = []
    async with open_receiver(received, status=500) as url:
        _, hook = await hosted.call("POST", PATH, ask_for(url))
        deliveries = f"{PATH}/{hook['id']}/deliveries"
        _, (first,) = await hosted.call("GET", deliveries)
        assert (first["status_code"], first["redelivery"]) == (500, False)
        assert (await hosted.call("POST", f"{deliveries}/{first['id']}/attempts"))[0] == 202
        _, (again, _) = await hosted.call("GET", deliveries)
    assert (again["guid"], again["redelivery"]) == (first["guid"], True)
    assert len({one.headers["X-GitHub-Delivery"] for one in received}) == 1
    _, (listed,) = await hosted.call("GET", PATH)
    assert listed["last_response"]["code"] == 500


async def test_a_receiver_that_is_away_is_remembered_as_no_answer(hosted: Hosted, closed_port: int) -> None:
    _, hook = await hosted.call("POST", PATH, ask_for(f"http://127.0.0.1:{closed_port}/hook"))
    _, (sent,) = await hosted.call("GET", f"{PATH}/{hook['id']}/deliveries")
    assert (sent["status_code"], sent["status"]) == (0, "failed to connect to host")


async def test_a_hook_is_made_once_and_only_to_where_github_can_reach(hosted: Hosted) -> None:
    async with open_receiver([]) as url:
        await hosted.call("POST", PATH, ask_for(url))
        status, body = await hosted.call("POST", PATH, ask_for(url))
    assert (status, body["errors"][0]["message"]) == (422, "Hook already exists on this repository")
    assert (await hosted.call("POST", PATH, ask_for("https://unreachable.test/")))[0] == 422


async def test_a_hook_is_changed_in_what_is_named(hosted: Hosted, closed_port: int) -> None:
    _, hook = await hosted.call("POST", PATH, ask_for(f"http://127.0.0.1:{closed_port}/hook"))
    status, changed = await hosted.call("PATCH", f"{PATH}/{hook['id']}", {"config": {"secret": "another"}})
    assert (status, changed["events"]) == (200, ["push"])
    assert hosted.fake.hooks.list_of(hosted.repository.number)[0].secret == "another"
    assert (await hosted.call("PATCH", f"{PATH}/999", {}))[0] == 404


async def test_who_may_not_manage_hooks_sees_none(hosted: Hosted) -> None:
    hosted.fake.add_token("ghp_stranger")
    assert (await hosted.call("POST", PATH, ask_for("http://x.test/"), token="ghp_stranger"))[0] == 403
    assert (await hosted.call("GET", PATH, token="ghp_stranger"))[0] == 404
    assert (await hosted.call("POST", PATH, ask_for("http://x.test/"), token=""))[0] == 404


def test_mishaps_strike_in_their_shares() -> None:
    sendings = [Sending(str(number), "push", b"{}") for number in range(10_000)]
    mishaps = Mishaps(lost=0.2, doubled=0.2, forged=0.05, shuffled=True)
    struck = mishaps.strike(sendings, Random(1))
    honest = [sending.guid for sending in struck if sending.secret is None]
    assert abs(len(set(honest)) - 8000) < 200
    assert abs(len(honest) - 9600) < 200
    assert abs(len(struck) - len(honest) - 500) < 100
    assert honest != sorted(honest, key=int)
    assert Mishaps().strike(sendings, Random(1)) == sendings
    assert {one.guid for one in struck if one.secret} & {one.guid for one in sendings} == set()


async def test_a_push_names_its_repository(hosted: Hosted) -> None:
    sending = hosted.fake.make_push(hosted.repository, "1" * 40)
    received: list[Received] = []
    async with open_receiver(received) as url:
        hook = FakeHook(1, hosted.repository.number, url, "json", "s", ["push"])
        sent = await hosted.fake.hooks.send(hook, sending)
    assert sent.status_code == 202
    told = json.loads(received[0].body)
    assert (told["ref"], told["after"]) == ("refs/heads/main", "1" * 40)
    assert told["repository"]["id"] == hosted.repository.number
