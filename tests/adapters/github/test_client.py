"""One client for one thread: no answer is swapped, none is followed, and giving up harms nobody."""

import asyncio
import sys
import threading
from collections.abc import AsyncGenerator, Iterator

import pytest

from syncd.adapters.github.blobs import read_in_flight
from syncd.adapters.github.client import ClientLimits, open_github_client
from syncd.adapters.github.source import GitHubSource
from syncd.core.hashing import git_blob_sha
from syncd.core.sources import SourceBlob
from syncd.errors import RetryLater, Unreachable
from tests.adapters.github.conftest import NAME, TOKEN, Hosted, gather
from tests.fakegithub.faults import Fault, Silence


@pytest.fixture
def _hasty_threads() -> Iterator[None]:
    """Threads switch so often that a shared client would hand out another thread's answer (facts: 1 to 7 of 1,424)."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("_hasty_threads")
async def test_many_threads_get_each_their_own_answer(hosted: Hosted) -> None:
    contents = [b"content of %d\n" % number for number in range(300)]
    hosted.git.add_commit({f"docs/{number}.md": content for number, content in enumerate(contents)})
    base = f"/repositories/{hosted.repository.number}/git/blobs/"
    shas = [git_blob_sha(content) for content in contents]
    limits = ClientLimits(threads=16)
    async with open_github_client(api_url=hosted.fake.url, token=TOKEN, limits=limits) as client:
        answers = await asyncio.gather(*(client.get(base + sha) for sha in shas))
    assert [sha for sha, answer in zip(shas, answers, strict=True) if sha.encode() not in answer.body] == []


async def test_a_caller_that_gives_up_does_not_free_the_client_of_its_thread(hosted: Hosted) -> None:
    silence = Silence(asyncio.Event())
    hosted.fake.faults.add(Fault(on="/commits/", effect=silence))
    async with open_github_client(api_url=hosted.fake.url, token=TOKEN, limits=ClientLimits(threads=1)) as client:
        source = GitHubSource(client, NAME, repository_id=hosted.repository.number)
        given_up = asyncio.create_task(source.find_head(None))
        await silence.arrived.wait()
        given_up.cancel()
        asking = asyncio.create_task(client.get("/repos/acme/handbook"))
        silence.until.set()
        assert (await asking).status == 200
        assert given_up.cancelled()


async def test_blobs_under_way_end_with_their_reader(hosted: Hosted) -> None:
    hosted.git.add_commit({f"docs/{number}.md": b"%d" % number for number in range(20)})
    source = hosted.open_source()
    _, entries = await gather(source)
    blobs = source.read_blobs(entries)
    assert (await anext(blobs)).content
    assert isinstance(blobs, AsyncGenerator)
    await blobs.aclose()
    assert [task for task in asyncio.all_tasks() if "BlobReader" in repr(task)] == []


async def test_as_many_blobs_are_in_flight_as_allowed_and_no_more() -> None:
    barrier = asyncio.Barrier(6)
    running: set[str] = set()

    async def get(git_sha: str) -> SourceBlob:
        running.add(git_sha)
        assert len(running) <= 6
        await barrier.wait()  # none passes before there are six
        running.remove(git_sha)
        return SourceBlob(git_sha, b"")

    shas = [str(number) for number in range(24)]
    assert sorted([blob.git_sha async for blob in read_in_flight(get, shas, in_flight=6)]) == sorted(shas)


async def test_the_first_blob_that_fails_ends_the_others() -> None:
    ended: list[str] = []

    async def get(git_sha: str) -> SourceBlob:
        if git_sha in "ab":
            raise RetryLater("blob_mismatch", "Wrong.")
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(git_sha)
        raise AssertionError

    with pytest.raises(RetryLater):
        _ = [blob async for blob in read_in_flight(get, "abcdef", in_flight=6)]
    assert sorted(ended) == ["c", "d", "e", "f"]


async def test_each_source_counts_its_own_requests_and_bytes(hosted: Hosted) -> None:
    one, other = hosted.open_source(), hosted.open_source()
    await one.find_head(None)
    assert (one.cost.requests, one.cost.received_bytes) == (1, 40)
    assert other.cost.requests == hosted.client.cost.requests == 0
    assert hosted.client.authenticated


async def test_an_enterprise_address_keeps_its_prefix(hosted: Hosted) -> None:
    async with open_github_client(api_url=f"{hosted.fake.url}/api/v3/", token=TOKEN) as client:
        await client.get("/rate_limit")
        await client.get_bytes("/repos/a/b", max_bytes=10)
    assert [request.path for request in hosted.fake.requests] == ["/api/v3/rate_limit", "/api/v3/repos/a/b"]
    assert all(request.authorized for request in hosted.fake.requests)


async def test_no_thread_outlives_its_client(hosted: Hosted) -> None:
    async with open_github_client(api_url=hosted.fake.url, token=TOKEN) as client:
        await client.get("/rate_limit")
        during = _list_threads()
    assert len(during) > len(_list_threads())


async def test_a_request_that_is_never_answered_does_not_hold_up_the_end(hosted: Hosted) -> None:
    silence = Silence(asyncio.Event())
    hosted.fake.faults.add(Fault(on="/rate_limit", effect=silence))
    before = set(threading.enumerate())
    async with asyncio.timeout(5):  # a third of the socket's own timeout
        async with open_github_client(api_url=hosted.fake.url, token=TOKEN) as client:
            asking = asyncio.create_task(client.get("/rate_limit"))
            await silence.arrived.wait()
            asking.cancel()
    (left,) = (thread for thread in set(threading.enumerate()) - before if thread.name.startswith("github"))
    assert left.daemon
    silence.until.set()


def _list_threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("github")]


async def test_an_answer_that_takes_longer_than_its_deadline_is_given_up(hosted: Hosted) -> None:
    limits = ClientLimits(deadline_seconds=0)
    async with open_github_client(api_url=hosted.fake.url, token=TOKEN, limits=limits) as client:
        with pytest.raises(Unreachable) as caught:
            await client.get("/rate_limit")
    assert "TimeoutError" in caught.value.message


async def test_both_ways_obey_the_proxy_of_the_environment(hosted: Hosted, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.setenv("no_proxy", "")
    async with open_github_client(api_url=hosted.fake.url) as client:
        for asking in (client.get("/rate_limit"), client.get_bytes("/rate_limit", max_bytes=10)):
            with pytest.raises(Unreachable):
                await asking
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    async with open_github_client(api_url=hosted.fake.url) as client:
        assert (await client.get("/rate_limit")).status == 200
        assert (await client.get_bytes("/rate_limit", max_bytes=10)).status == 200
    assert [request.authorized for request in hosted.fake.requests] == [False, False]
