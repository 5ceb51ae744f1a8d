"""Whatever goes wrong on the way, what is handed on is what git has: it heals by another way, or it is said and tried again."""

import gzip
import logging
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from random import Random

import pytest

from syncd.adapters.github.client import GitHubClient, open_github_client
from syncd.adapters.github.fetcher import BlobFetcher
from syncd.adapters.github.graphql import GraphQLReader
from syncd.adapters.github.repositories import Repository, get_repository
from syncd.adapters.github.source import GitHubSource
from syncd.adapters.github.tarballs import TarballLimits
from syncd.core.hashing import git_blob_sha
from syncd.core.sources import SourceBlob
from syncd.core.transports import WantedBlob
from syncd.errors import RetryLater, Stalled, SyncdError, Unreachable
from tests.adapters.github.conftest import NAME, TOKEN, Hosted, gather, mirror
from tests.fakegithub.faults import Answer, CutBody, Effect, Fault, PartialData, WrongBytes, WrongTexts

_COUNT = 310
_USED_UP = {"X-RateLimit-Remaining": "0", "X-RateLimit-Resource": "graphql"}
_RATE_LIMITED = b'{"errors":[{"type":"RATE_LIMITED","message":"API rate limit exceeded for user ID 1."}]}'
_RATE_LIMIT = (
    b'{"errors":[{"type":"RATE_LIMIT","code":"graphql_rate_limit","message":"API rate limit already exceeded."}]}'
)
_SECONDARY = b'{"errors":[{"message":"You have exceeded a secondary rate limit."}]}'
_TIMEOUT = b'{"data":null,"errors":[{"message":"Something went wrong while executing your query."}]}'
_FORBIDDEN = b'{"data":{"node":null},"errors":[{"type":"FORBIDDEN","message":"Resource not accessible"}]}'
_NOT_FOUND = b'{"data":{"node":null},"errors":[{"type":"NOT_FOUND","message":"Could not resolve to a node"}]}'


@pytest.fixture(autouse=True)
def _logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="syncd.github")


@pytest.fixture
def contents(hosted: Hosted) -> dict[str, bytes]:
    files = {f"docs/{number}.md": b"document %d\n" % number * 20 for number in range(_COUNT)}
    hosted.git.add_commit(files)
    return files


@pytest.fixture
async def anonymous(hosted: Hosted) -> AsyncIterator[GitHubClient]:
    async with open_github_client(api_url=hosted.fake.url) as client:
        yield client


def _count(hosted: Hosted, part: str) -> int:
    return sum(part in request.path for request in hosted.fake.requests)


def _failed(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.__dict__["transport"] for record in caplog.records if record.getMessage() == "transport_failed"]


@dataclass(frozen=True, slots=True)
class _Ending:
    """What a source handed over before it raised, and what it raised."""

    blobs: Sequence[SourceBlob]
    error: SyncdError


async def _read_until_error(source: GitHubSource) -> _Ending:
    _, entries = await gather(source)
    blobs: list[SourceBlob] = []

    async def read() -> None:
        async for blob in source.read_blobs(entries):
            blobs.append(blob)  # noqa: PERF401 - what came before the error is what is looked at

    with pytest.raises(SyncdError) as caught:
        await read()
    assert all(git_blob_sha(blob.content) == blob.git_sha for blob in blobs)
    assert TOKEN not in caught.value.message + caught.value.hint
    assert caught.value.hint
    return _Ending(blobs, caught.value)


@pytest.mark.parametrize(
    ("effect", "batches"),
    [
        (Answer(502), 6),
        (Answer(504), 6),
        (Answer(200, body=b"<html>"), 6),
        (Answer(200, body=_TIMEOUT), 6),
        (CutBody(keep_bytes=500), 6),
        (WrongBytes(), 6),
        (PartialData(keep=60), 8),
        (PartialData(keep=0), 6),
    ],
    ids=["502", "504", "a page", "a timeout", "a cut answer", "broken JSON", "partial data", "no data"],
)
async def test_a_batch_that_fails_once_is_asked_for_in_smaller_ones(
    hosted: Hosted, contents: dict[str, bytes], effect: Effect, batches: int
) -> None:
    hosted.fake.faults.add(Fault(on="^/graphql", effect=effect))
    assert await mirror(hosted.open_source()) == contents
    assert _count(hosted, "/git/blobs/") == 0
    assert _count(hosted, "/graphql") <= batches


@pytest.mark.parametrize(
    ("effect", "batches"),
    [
        (Answer(502), 8),
        (Answer(200, body=_TIMEOUT), 8),
        (CutBody(keep_bytes=500), 8),
        (PartialData(keep=0), 8),
        (Answer(200, body=_RATE_LIMITED), 3),
        (Answer(200, body=_RATE_LIMIT), 3),
        (Answer(200, body=_FORBIDDEN), 3),
        (Answer(200, body=_NOT_FOUND), 3),
        (Answer(403, _USED_UP, b'{"message":"API rate limit exceeded"}'), 3),
        (Answer(401, body=b'{"message":"Bad credentials"}'), 3),
        (Answer(403, body=b'{"message":"Resource not accessible"}'), 3),
        (Answer(404, body=b"{}"), 3),
    ],
    ids=lambda value: str(value)[:60] if not isinstance(value, int) else None,
)
async def test_where_graphql_fails_for_good_the_archive_brings_the_rest(
    hosted: Hosted, contents: dict[str, bytes], caplog: pytest.LogCaptureFixture, effect: Effect, batches: int
) -> None:
    hosted.fake.faults.add(Fault(on="^/graphql", effect=effect, times=None))
    assert await mirror(hosted.open_source()) == contents
    assert _failed(caplog) == ["graphql"]
    assert _count(hosted, "/graphql") <= batches
    assert (_count(hosted, "/_codeload/"), _count(hosted, "/git/blobs/")) == (1, 0)


async def test_where_graphql_and_the_archive_fail_blobs_come_one_by_one(
    hosted: Hosted, contents: dict[str, bytes], caplog: pytest.LogCaptureFixture
) -> None:
    hosted.fake.faults.add(Fault(on="^/graphql", effect=Answer(200, body=_FORBIDDEN), times=None))
    hosted.fake.faults.add(Fault(on="^/_codeload/", effect=Answer(500), times=None))
    assert await mirror(hosted.open_source()) == contents
    assert _failed(caplog) == ["graphql", "archive"]
    assert _count(hosted, "/git/blobs/") == _COUNT


@pytest.mark.parametrize(
    ("effect", "after_seconds"),
    [
        (Answer(403, {"Retry-After": "77"}, b'{"message":"You have exceeded a secondary rate limit"}'), 77),
        (Answer(429, {"Retry-After": "77"}), 77),
        (Answer(429), 60),
        (Answer(200, {"Retry-After": "77"}, _RATE_LIMITED), 77),
        (Answer(200, body=_SECONDARY), 60),
    ],
    ids=["403", "429", "429 without a time", "200 with a time", "200"],
)
async def test_a_secondary_limit_ends_every_request(
    hosted: Hosted, contents: dict[str, bytes], effect: Effect, after_seconds: int
) -> None:
    hosted.fake.faults.add(Fault(on="^/graphql", effect=effect, times=None))
    ending = await _read_until_error(hosted.open_source())
    assert (type(ending.error), ending.error.code) == (RetryLater, "rate_limited")
    assert isinstance(ending.error, RetryLater)
    assert ending.error.after_seconds == after_seconds
    assert _count(hosted, "/git/blobs/") + _count(hosted, "/tarball/") == 0
    assert len(contents) == _COUNT


async def test_wrong_texts_are_found_out_and_read_one_by_one(hosted: Hosted, contents: dict[str, bytes]) -> None:
    hosted.fake.faults.add(Fault(on="^/graphql", effect=WrongTexts(nth=10), times=None))
    assert await mirror(hosted.open_source()) == contents
    assert _count(hosted, "/git/blobs/") == _COUNT / 10


async def test_batches_that_take_too_long_become_smaller(hosted: Hosted, contents: dict[str, bytes]) -> None:
    hosted.fake.limit_graphql(60 * len(contents["docs/100.md"]))
    assert await mirror(hosted.open_source()) == contents
    assert (_count(hosted, "/graphql"), _count(hosted, "/git/blobs/")) == (10, 0)


async def test_one_blob_that_takes_too_long_does_not_end_the_batches(
    hosted: Hosted, contents: dict[str, bytes]
) -> None:
    contents["docs/poison.md"] = b"x" * 400_000
    hosted.git.add_commit(contents)
    hosted.fake.limit_graphql(300_000)
    assert await mirror(hosted.open_source()) == contents
    assert _count(hosted, "/git/blobs/") <= 13


async def test_a_batch_may_lose_objects_again_and_again(hosted: Hosted, contents: dict[str, bytes]) -> None:
    hosted.fake.faults.add(Fault(on="^/graphql", effect=PartialData(keep=60), times=None))
    assert await mirror(hosted.open_source()) == contents
    assert _count(hosted, "/git/blobs/") == 0


@pytest.mark.parametrize(
    "effect",
    [
        CutBody(keep_bytes=50_000),
        WrongBytes(),
        Answer(500),
        Answer(404),
        Answer(302, {"Location": "/"}),
        Answer(200, body=b"<html>"),
        Answer(200, body=gzip.compress(b"")),
    ],
    ids=["cut", "spoiled", "500", "404", "a second redirect", "a page", "an empty archive"],
)
async def test_an_archive_that_fails_without_a_token_is_unreachable_and_heals(
    hosted: Hosted, contents: dict[str, bytes], anonymous: GitHubClient, effect: Effect
) -> None:
    # Bytes that do not compress: an archive of some length, so that a cut falls inside of it.
    files = {path: Random(path).randbytes(200) for path in contents}
    hosted.git.add_commit(files)
    hosted.fake.faults.add(Fault(on="^/_codeload/", effect=effect))
    ending = await _read_until_error(GitHubSource(anonymous, NAME))
    assert (type(ending.error), ending.error.code) == (Unreachable, "github_unreachable")
    assert len(ending.blobs) < _COUNT
    assert bool(ending.blobs) == isinstance(effect, CutBody | WrongBytes)
    assert await mirror(GitHubSource(anonymous, NAME)) == files
    assert _count(hosted, "/git/blobs/") == 0


async def test_an_archive_is_read_no_further_than_the_last_blob_wanted(
    hosted: Hosted, contents: dict[str, bytes], anonymous: GitHubClient
) -> None:
    hosted.git.add_commit({**contents, "video.bin": Random(1).randbytes(8 << 20)})
    source = GitHubSource(anonymous, NAME)
    assert await mirror(source) == contents
    assert source.cost.received_bytes < 1 << 20


@pytest.mark.parametrize(
    ("location", "code"),
    [
        ("http://127.0.0.2:1/x", "archive_elsewhere"),
        ("http://user:word@127.0.0.1/x", "archive_elsewhere"),
        ("file:///etc/passwd", "archive_elsewhere"),
        ("", "archive_elsewhere"),
        ("https://127.0.0.1:1/x?token=CANARY", "github_unreachable"),
    ],
)
async def test_a_redirect_is_followed_to_safe_places_only(
    hosted: Hosted, contents: dict[str, bytes], anonymous: GitHubClient, location: str, code: str
) -> None:
    hosted.fake.faults.add(Fault(on="/tarball/", effect=Answer(302, {"Location": location})))
    ending = await _read_until_error(GitHubSource(anonymous, NAME))
    assert isinstance(ending.error, RetryLater)
    assert ending.error.code == code
    assert "CANARY" not in f"{ending.error} {ending.error.__cause__}"
    assert await mirror(GitHubSource(anonymous, NAME)) == contents


@pytest.mark.parametrize("has_token", [True, False])
async def test_a_limit_on_the_way_to_the_archive_is_waited_for(
    hosted: Hosted, contents: dict[str, bytes], anonymous: GitHubClient, has_token: bool
) -> None:
    hosted.fake.faults.add(Fault(on="^/graphql", effect=Answer(404, body=b"{}"), times=None))
    hosted.fake.faults.add(Fault(on="/tarball/", effect=Answer(403, {"Retry-After": "9"}), times=None))
    ending = await _read_until_error(GitHubSource(hosted.client if has_token else anonymous, NAME))
    assert ending.error.code == "rate_limited"
    assert _count(hosted, "/git/blobs/") == 0
    assert contents


def _fetcher(hosted: Hosted, client: GitHubClient, commit: str, limits: TarballLimits) -> BlobFetcher:
    async def describe() -> Repository:
        return await get_repository(client, hosted.repository.number, name=NAME)

    base_path = f"/repositories/{hosted.repository.number}"
    return BlobFetcher(
        client,
        base_path,
        commit=commit,
        describe=describe,
        name=NAME,
        blob_max_bytes=1 << 20,
        tarball_limits=limits,
    )


async def test_a_decompression_bomb_is_cut_off_and_said(hosted: Hosted, anonymous: GitHubClient) -> None:
    # Git puts paths in order: the bomb comes before the documents.
    files = {f"docs/{number}.md": b"%d" % number for number in range(30)}
    commit = hosted.git.add_commit({"bomb": b"\0" * (32 << 20), **files})
    wanted = [WantedBlob(git_blob_sha(content), len(content)) for content in files.values()]
    fetcher = _fetcher(hosted, anonymous, commit, TarballLimits(unpacked_max_bytes=8 << 20))
    with pytest.raises(Stalled) as caught:
        _ = [blob async for blob in fetcher.read(wanted)]
    assert caught.value.code == "archive_too_large"
    assert "token" in caught.value.hint
    assert fetcher._client.cost.received_bytes < 1 << 20


async def test_an_archive_that_is_too_large_is_left_for_another_way_with_a_token(
    hosted: Hosted, contents: dict[str, bytes], caplog: pytest.LogCaptureFixture
) -> None:
    hosted.fake.faults.add(Fault(on="^/graphql", effect=Answer(404, body=b"{}"), times=None))
    wanted = [WantedBlob(git_blob_sha(content), len(content)) for content in contents.values()]
    fetcher = _fetcher(hosted, hosted.client, hosted.git.get_commit("main"), TarballLimits(max_members=200))
    blobs = [blob async for blob in fetcher.read(wanted)]
    assert {blob.content for blob in blobs} == set(contents.values())
    assert len(blobs) == _COUNT
    assert _failed(caplog) == ["graphql", "archive"]
    assert 0 < _count(hosted, "/git/blobs/") < _COUNT


async def test_what_graphql_gives_is_exact_and_what_it_leaves_is_no_text(hosted: Hosted) -> None:
    random = Random(20261120)
    alphabets = [bytes(range(256)), b"abc \n", "äß\u2603\U0001f600\ufeff".encode(), b"a\0", b"\r\n\t\x7f\x1b"]
    contents = {
        random.choice(alphabets) * random.randrange(4) + random.randbytes(random.randrange(3)) for _ in range(400)
    }
    hosted.git.add_commit({f"docs/{number}.md": content for number, content in enumerate(contents)})
    node_id = (await get_repository(hosted.client, hosted.repository.number, name=NAME)).node_id
    reader = GraphQLReader(hosted.client, node_id, name=NAME)
    wanted = [WantedBlob(git_blob_sha(content), len(content)) for content in contents]
    blobs = [blob async for blob in reader.read(wanted)]
    assert all(git_blob_sha(blob.content) == blob.git_sha for blob in blobs)
    assert {blob.content for blob in blobs} == {
        content for content in contents if b"\0" not in content and _is_text(content)
    }


def _is_text(content: bytes) -> bool:
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return True


_SEEDS = [*range(6), *(pytest.param(seed, marks=pytest.mark.full) for seed in range(6, 200))]


@pytest.mark.parametrize("seed", _SEEDS)
async def test_any_fault_heals_or_is_said_and_nothing_wrong_is_handed_on(
    hosted: Hosted, contents: dict[str, bytes], anonymous: GitHubClient, seed: int
) -> None:
    random = Random(seed)
    effects: list[Effect] = [
        Answer(502),
        Answer(200, body=_TIMEOUT),
        Answer(200, body=_RATE_LIMITED),
        CutBody(keep_bytes=random.randrange(3000)),
        Answer(429),
        Answer(500),
    ]
    on_graphql: list[Effect] = [PartialData(keep=random.randrange(100)), WrongTexts(nth=random.randrange(5, 20))]
    for _ in range(random.randrange(1, 6)):
        on = random.choice(["^/graphql", "^/_codeload/", "/git/blobs/", "/tarball/"])
        effect = random.choice(effects + on_graphql * (on == "^/graphql"))
        hosted.fake.faults.add(Fault(on=on, effect=effect, times=random.choice([1, 2, 5]), after=random.randrange(4)))
    client = random.choice([hosted.client, anonymous])
    missing = dict.fromkeys(git_blob_sha(content) for content in contents.values())
    entries = None
    for _ in range(40):  # each look ends at least one standing fault, or all is read
        source = GitHubSource(client, NAME, repository_id=hosted.repository.number)
        hosted.fake.anonymous.used = 0  # an hour later
        try:
            entries = entries or (await gather(source))[1]
            wanted = [entry for entry in entries if entry.git_sha in missing]
            async for blob in source.read_blobs(wanted):
                assert git_blob_sha(blob.content) == blob.git_sha
                del missing[blob.git_sha]
        except RetryLater:
            continue
        break
    assert not missing
