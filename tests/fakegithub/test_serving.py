"""What GitHub does around every answer: redirects, credentials, conditions, counters; and the faults of the fake."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from tests.fakegithub.asking import ask
from tests.fakegithub.faults import Answer, CutBody, CutListing, Fault, Silence, WrongBytes
from tests.fakegithub.gitrepo import GitRepository
from tests.fakegithub.server import FakeGitHub, open_fake_github

_HEAD = "/repos/acme/handbook/commits/heads/main"
_SHA = "application/vnd.github.sha"


@pytest.fixture
def git(tmp_path: Path) -> GitRepository:
    git = GitRepository.create(tmp_path / "handbook.git")
    git.add_commit({"docs/index.md": b"# Start\n", "docs/more.md": b"more\n"})
    return git


@pytest.fixture
async def fake() -> AsyncIterator[FakeGitHub]:
    async with open_fake_github() as fake:
        yield fake


async def test_a_former_name_redirects_to_the_number_and_keeps_the_query(fake: FakeGitHub, git: GitRepository) -> None:
    repository = await fake.add_repository("acme/handbook", git)
    fake.rename_repository(repository, "acme/book")
    told = await ask(fake, "/repos/acme/handbook/git/trees/main?recursive=1")
    assert told.status == 301
    assert told.headers["Location"] == f"{fake.url}/repositories/{repository.number}/git/trees/main?recursive=1"
    assert told.json()["url"] == told.headers["Location"]
    assert (await ask(fake, "/repos/acme/handbook")).headers["Location"] == (
        f"{fake.url}/repositories/{repository.number}"
    )
    assert (await ask(fake, "/repos/acme/book")).json()["full_name"] == "acme/book"


async def test_a_name_that_is_taken_again_leads_to_the_new_repository(fake: FakeGitHub, git: GitRepository) -> None:
    old = await fake.add_repository("acme/handbook", git)
    fake.remove_repository(old)
    assert (await ask(fake, "/repos/acme/handbook")).status == 404
    new = await fake.add_repository("acme/handbook", git)
    assert (await ask(fake, "/repos/acme/handbook")).json()["id"] == new.number != old.number


async def test_a_private_repository_is_not_found_without_a_token_that_may_read_it(
    fake: FakeGitHub, git: GitRepository
) -> None:
    await fake.add_repository("acme/handbook", git, private=True)
    fake.add_token("ghp_other")
    fake.add_token("ghp_reader", reads=["acme/handbook"])
    fake.add_token("ghp_owner", reads=None)
    answers = [await ask(fake, _HEAD, token=token) for token in ("", "ghp_other", "ghp_reader", "ghp_owner")]
    assert [told.status for told in answers] == [404, 404, 200, 200]


async def test_an_unknown_or_revoked_token_is_a_bad_credential(fake: FakeGitHub, git: GitRepository) -> None:
    await fake.add_repository("acme/handbook", git)
    fake.add_token("ghp_once")
    fake.revoke_token("ghp_once")
    for token in ("ghp_never", "ghp_once"):
        told = await ask(fake, _HEAD, token=token)
        assert (told.status, told.json()["message"]) == (401, "Bad credentials")


async def test_an_unchanged_head_is_free_with_a_token_and_counted_without(fake: FakeGitHub, git: GitRepository) -> None:
    await fake.add_repository("acme/handbook", git)
    caller = fake.add_token("ghp_reader")
    etag = (await ask(fake, _HEAD, accept=_SHA, token="ghp_reader")).headers["ETag"]
    told = await ask(fake, _HEAD, accept=_SHA, token="ghp_reader", known=etag)
    assert (told.status, told.body, caller.used) == (304, b"", 1)
    assert (await ask(fake, _HEAD, accept=_SHA, known=etag)).status == 304
    assert fake.anonymous.used == 1
    git.add_commit({"docs/index.md": b"# New\n"})
    assert (await ask(fake, _HEAD, accept=_SHA, token="ghp_reader", known=etag)).status == 200


async def test_the_etag_of_json_belongs_to_one_token(fake: FakeGitHub, git: GitRepository) -> None:
    await fake.add_repository("acme/handbook", git)
    fake.add_token("ghp_one")
    fake.add_token("ghp_two")
    etag = (await ask(fake, "/repos/acme/handbook", token="ghp_one")).headers["ETag"]
    assert (await ask(fake, "/repos/acme/handbook", token="ghp_one", known=etag)).status == 304
    assert (await ask(fake, "/repos/acme/handbook", token="ghp_two", known=etag)).status == 200


async def test_counters_stand_in_the_headers_and_asking_for_them_is_free(fake: FakeGitHub, git: GitRepository) -> None:
    await fake.add_repository("acme/handbook", git)
    told = await ask(fake, "/repos/acme/handbook")
    assert (told.headers["X-RateLimit-Limit"], told.headers["X-RateLimit-Remaining"]) == ("60", "59")
    assert told.headers["X-GitHub-Request-Id"]
    for _ in range(2):
        assert (await ask(fake, "/rate_limit")).json()["rate"]["remaining"] == 59


async def test_the_sixty_first_anonymous_request_is_refused(fake: FakeGitHub, git: GitRepository) -> None:
    await fake.add_repository("acme/handbook", git)
    fake.anonymous.used = 59
    assert (await ask(fake, _HEAD)).status == 200
    told = await ask(fake, _HEAD)
    assert (told.status, told.headers["X-RateLimit-Remaining"]) == (403, "0")
    assert told.json()["message"].startswith("API rate limit exceeded")


async def test_every_request_is_logged(fake: FakeGitHub, git: GitRepository) -> None:
    await fake.add_repository("acme/handbook", git)
    await ask(fake, "/repos/acme/handbook/git/trees/main?recursive=1", known='"x"')
    request = fake.requests[0]
    assert (request.method, request.path, request.query) == (
        "GET",
        "/repos/acme/handbook/git/trees/main",
        "recursive=1",
    )
    assert (request.status, request.conditional, request.authorized) == (200, True, False)
    fake.forget_requests()
    assert fake.requests == []


async def test_a_fault_strikes_as_often_as_it_says(fake: FakeGitHub, git: GitRepository) -> None:
    await fake.add_repository("acme/handbook", git)
    fake.faults.add(Fault(on="/git/ref/", effect=Answer(500, body=b"{}"), times=2, after=1))
    statuses = []
    async with aiohttp.ClientSession() as session:
        for _ in range(5):
            async with session.get(f"{fake.url}/repos/acme/handbook/git/ref/heads/main") as response:
                statuses.append(response.status)
    assert statuses == [200, 500, 500, 200, 200]
    fake.faults.add(Fault(on=".", effect=Answer(500), times=None))
    fake.faults.clear()
    assert (await ask(fake, _HEAD)).status == 200


async def test_a_fault_can_change_cut_and_shorten(fake: FakeGitHub, git: GitRepository) -> None:
    await fake.add_repository("acme/handbook", git)
    sha = git.add_blob(b"0123456789")
    blob = f"/repos/acme/handbook/git/blobs/{sha}"
    fake.faults.add(Fault(on="/blobs/", effect=WrongBytes()))
    fake.faults.add(Fault(on="/trees/", effect=CutListing(keep_entries=1)))
    fake.faults.add(Fault(on="/trees/", effect=CutListing(keep_entries=1, silently=True)))
    assert (await ask(fake, blob, accept="application/vnd.github.raw")).body == b"0123456788"
    tree = "/repos/acme/handbook/git/trees/main?recursive=1"
    told = [(await ask(fake, tree)).json() for _ in range(3)]
    assert [(len(one["tree"]), one["truncated"]) for one in told] == [(1, True), (1, False), (3, False)]
    fake.faults.add(Fault(on="/blobs/", effect=CutBody(keep_bytes=4)))
    with pytest.raises(aiohttp.ClientPayloadError):
        await ask(fake, blob, accept="application/vnd.github.raw")


async def test_a_silent_answer_waits_for_the_test(fake: FakeGitHub, git: GitRepository) -> None:
    await fake.add_repository("acme/handbook", git)
    silence = Silence(asyncio.Event())
    fake.faults.add(Fault(on="/commits/", effect=silence))
    asking = asyncio.create_task(ask(fake, _HEAD))
    await silence.arrived.wait()
    assert (await ask(fake, "/repos/acme/handbook")).status == 200
    assert not asking.done()
    silence.until.set()
    assert (await asking).status == 200
