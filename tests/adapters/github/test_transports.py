"""By whatever way blobs come, they are those that git lists, at the number of requests that is promised."""

import logging
from collections.abc import AsyncIterator, Mapping

import pytest

from syncd.adapters.github.client import GitHubClient, open_github_client
from syncd.adapters.github.source import GitHubSource
from syncd.core.sources import SourceBlob
from tests.adapters.github.conftest import NAME, Hosted, gather, mirror
from tests.fakegithub.gitrepo import Files, GitFile, symlink

_LARGE = 512_000
_ODD: Files = {
    "docs/empty.md": b"",
    "docs/bytes.md": bytes(range(256)),
    "docs/latin.md": b"caf\xe9\n",
    "docs/bom.md": "\ufeffbom\n".encode(),
    "docs/crlf.md": b"one\r\ntwo\r\n",
    "docs/nul-late.md": b"x" * 9000 + b"\0",
    "docs/run.bat": b"one\ntwo\n",
    "docs/version.md": b"$Format:%H$\n",
    "docs/secret/hidden.md": b"hidden\n",
    "docs/just.md": b"j" * (_LARGE - 1),
    "docs/over.md": "ü".encode() * _LARGE,
    "docs/" + "deep/" * 40 + "end.md": b"deep\n",
    "docs/odd \u202e\U0001f600.md": b"odd\n",
    "docs/link.md": symlink("index.md"),
    "docs/exec.md": GitFile(b"run\n", mode="100755"),
    "docs/twin-1.md": b"twin\n",
    "docs/twin-2.md": b"twin\n",
    ".gitattributes": b"*.bat text eol=crlf\nversion.md export-subst\ndocs/secret export-ignore\n",
}
_CHANGED_BY_ATTRIBUTES = 3  # run.bat, version.md and hidden.md are not what an archive holds


@pytest.fixture
async def anonymous(hosted: Hosted) -> AsyncIterator[GitHubClient]:
    async with open_github_client(api_url=hosted.fake.url) as client:
        yield client


def _plain(count: int, *, size: int = 40) -> dict[str, bytes]:
    return {
        f"docs/{number // 50}/{number}.md": (b"document %d\n" % number).ljust(size, b".") for number in range(count)
    }


def _oracle(hosted: Hosted) -> dict[str, bytes]:
    files = hosted.git.list_tree("main", "docs")
    return {path: file.content for path, file in files.items() if file.content is not None and file.mode[:3] == "100"}


def _ways(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.__dict__["transport"] for record in caplog.records if record.getMessage() == "transport"]


@pytest.fixture(autouse=True)
def _logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="syncd.github")


def _count_paths(hosted: Hosted) -> Mapping[str, int]:
    parts = ("/graphql", "/git/blobs/", "/tarball/", "/_codeload/")
    return {part: sum(part in request.path for request in hosted.fake.requests) for part in parts}


async def test_few_blobs_come_one_by_one_byte_for_byte(hosted: Hosted, caplog: pytest.LogCaptureFixture) -> None:
    hosted.git.add_commit(_ODD)
    assert await mirror(hosted.open_source()) == _oracle(hosted)
    assert _ways(caplog) == ["raw"]


async def test_many_blobs_come_in_batches_and_the_odd_ones_one_by_one(
    hosted: Hosted, caplog: pytest.LogCaptureFixture
) -> None:
    hosted.git.add_commit({**_plain(400), **_ODD})
    source = hosted.open_source()
    assert await mirror(source) == _oracle(hosted)
    assert _ways(caplog) == ["graphql", "raw"]
    # Not UTF-8 (latin.md), binary (bytes.md), too long (over.md). A zero byte that comes late is text to GitHub.
    assert _count_paths(hosted) == {"/graphql": 5, "/git/blobs/": 3, "/tarball/": 0, "/_codeload/": 0}
    assert source.cost.requests == len(hosted.fake.requests)


async def test_many_blobs_without_a_token_come_in_an_archive_and_what_it_lacks_one_by_one(
    hosted: Hosted, anonymous: GitHubClient, caplog: pytest.LogCaptureFixture
) -> None:
    hosted.git.add_commit({**_plain(400), **_ODD})
    source = GitHubSource(anonymous, NAME)
    assert await mirror(source) == _oracle(hosted)
    assert _ways(caplog) == ["archive", "raw"]
    assert _count_paths(hosted) == {
        "/graphql": 0,
        "/git/blobs/": _CHANGED_BY_ATTRIBUTES,
        "/tarball/": 1,
        "/_codeload/": 1,
    }
    assert source.cost.requests == len(hosted.fake.requests)


async def test_an_import_of_1656_documents_costs_at_most_25_requests(hosted: Hosted) -> None:
    hosted.git.add_commit(_plain(1656, size=7500))
    source = hosted.open_source()
    assert await mirror(source) == _oracle(hosted)
    assert source.cost.requests == len(hosted.fake.requests) == 22
    assert source.cost.received_bytes > 1656 * 7500


async def test_an_import_of_1656_documents_without_a_token_costs_at_most_8_requests(
    hosted: Hosted, anonymous: GitHubClient
) -> None:
    hosted.git.add_commit(_plain(1656, size=7500))
    source = GitHubSource(anonymous, NAME)
    assert await mirror(source) == _oracle(hosted)
    assert source.cost.requests == len(hosted.fake.requests) == 7
    assert hosted.fake.anonymous.used == 5


async def test_thousands_come_in_an_archive_also_with_a_token(hosted: Hosted, caplog: pytest.LogCaptureFixture) -> None:
    hosted.git.add_commit(_plain(5001))
    source = hosted.open_source()
    assert await mirror(source) == _oracle(hosted)
    assert _ways(caplog) == ["archive"]
    assert source.cost.requests == 7  # head, commit, root, docs, description, redirect, archive


async def test_a_private_archive_is_opened_by_its_link_alone(hosted: Hosted) -> None:
    hosted.repository.private = True
    hosted.fake.add_token("ghp_owner", reads=[NAME]).used = 4990
    hosted.git.add_commit(_plain(10, size=_LARGE))
    async with open_github_client(api_url=hosted.fake.url, token="ghp_owner") as client:
        assert await mirror(GitHubSource(client, NAME)) == _oracle(hosted)
    codeload = [request for request in hosted.fake.requests if "/_codeload/" in request.path]
    assert [(request.authorized, bool(request.query)) for request in codeload] == [(False, True)]


async def test_a_choice_is_logged_with_its_reason(hosted: Hosted, caplog: pytest.LogCaptureFixture) -> None:
    hosted.git.add_commit(_plain(301))
    await mirror(hosted.open_source())
    fields = [record.__dict__ for record in caplog.records if record.getMessage() == "transport"]
    assert [(told["repository"], told["blobs"], told["bytes"]) for told in fields] == [(NAME, 301, 301 * 40)]
    assert fields[0]["reason"] == "301 blobs are more than 40: batches of 100"


async def test_scarce_requests_are_spared(hosted: Hosted, caplog: pytest.LogCaptureFixture) -> None:
    hosted.git.add_commit(_plain(50))
    hosted.fake.add_token("ghp_scarce").used = 4960
    async with open_github_client(api_url=hosted.fake.url, token="ghp_scarce") as client:
        assert await mirror(GitHubSource(client, NAME)) == _oracle(hosted)
    assert _ways(caplog) == ["graphql"]


async def test_a_renamed_repository_is_read_by_every_way(hosted: Hosted, anonymous: GitHubClient) -> None:
    hosted.git.add_commit(_plain(301))
    hosted.fake.rename_repository(hosted.repository, "acme/book")
    for client in (hosted.client, anonymous):
        source = GitHubSource(client, NAME, repository_id=hosted.repository.number)
        assert await mirror(source) == _oracle(hosted)


@pytest.mark.parametrize(("known", "batches"), [(0, 4), (250, 2), (365, 0), (399, 0), (90, 4)])
async def test_after_a_crash_only_what_is_missing_is_asked_for(hosted: Hosted, known: int, batches: int) -> None:
    hosted.git.add_commit(_plain(400))
    source = hosted.open_source()
    _, entries = await gather(source)
    before: list[SourceBlob] = []
    if known:
        blobs = source.read_blobs(entries)
        async for blob in blobs:
            before.append(blob)
            if len(before) == known:
                break
        await blobs.aclose()  # type: ignore[attr-defined]  # the protocol promises an iterator; this one is a generator
    have = {blob.git_sha for blob in before}
    missing = [entry for entry in entries if entry.git_sha not in have]
    source = hosted.open_source()
    again = [blob async for blob in source.read_blobs(missing)]
    assert {blob.git_sha for blob in again} == {entry.git_sha for entry in missing}
    # The description of the repository, which names it to GraphQL, is one request more.
    assert source.cost.requests == (1 + batches if batches else len(missing))
