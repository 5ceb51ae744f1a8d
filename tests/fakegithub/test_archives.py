"""An archive is a redirect to another host, and what `git archive` makes of a commit: not always its blobs."""

import io
import tarfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.fakegithub.asking import ask, download
from tests.fakegithub.gitrepo import GitRepository
from tests.fakegithub.repositories import HostedRepository
from tests.fakegithub.server import FakeGitHub, open_fake_github

_ATTRIBUTES = b"*.bat text eol=crlf\nversion.md export-subst\nsecret.md export-ignore\n"
_FILES = {
    ".gitattributes": _ATTRIBUTES,
    "docs/plain.md": b"plain\n",
    "docs/run.bat": b"one\ntwo\n",
    "docs/version.md": b"$Format:%s$\n",
    "docs/secret.md": b"secret\n",
}


@pytest.fixture
def git(tmp_path: Path) -> GitRepository:
    git = GitRepository.create(tmp_path / "handbook.git")
    git.add_commit(_FILES)
    return git


@pytest.fixture
async def fake() -> AsyncIterator[FakeGitHub]:
    async with open_fake_github() as fake:
        yield fake


async def _redirect(fake: FakeGitHub, repository: HostedRepository, *, token: str = "", ref: str = "main") -> str:
    told = await ask(fake, f"/repositories/{repository.number}/tarball/{ref}", token=token)
    assert (told.status, told.body) == (302, b"")
    return told.headers["Location"]


async def test_an_archive_obeys_the_attributes_of_its_files(fake: FakeGitHub, git: GitRepository) -> None:
    repository = await fake.add_repository("acme/handbook", git)
    told = await download(await _redirect(fake, repository))
    with tarfile.open(fileobj=io.BytesIO(told.body)) as tar:
        members = {member.name.partition("/")[2]: tar.extractfile(member) for member in tar if member.isfile()}
        contents = {name: file.read() for name, file in members.items() if file}
    assert contents == {
        ".gitattributes": _ATTRIBUTES,
        "docs/plain.md": b"plain\n",
        "docs/run.bat": b"one\r\ntwo\r\n",
        "docs/version.md": b"Write the docs\n",
    }


async def test_the_way_to_an_archive_takes_nothing_from_the_budget(fake: FakeGitHub, git: GitRepository) -> None:
    repository = await fake.add_repository("acme/handbook", git)
    told = await download(await _redirect(fake, repository))
    assert fake.anonymous.used == 0
    assert not [name for name in told.headers if name.startswith("X-RateLimit")]


async def test_a_link_to_a_private_archive_opens_once_and_for_nobody_else(fake: FakeGitHub, git: GitRepository) -> None:
    repository = await fake.add_repository("acme/handbook", git, private=True)
    fake.add_token("ghp_owner", reads=None)
    link = await _redirect(fake, repository, token="ghp_owner")
    bare = link.partition("?")[0]
    assert [(await download(url)).status for url in (bare, f"{bare}?token=x", link, link)] == [404, 404, 200, 404]
    # GitHub's description of this route leaves out the answer for a repository that is hidden.
    assert (await download(f"{fake.url}/repositories/{repository.number}/tarball/main")).status == 404


async def test_only_the_other_host_knows_that_there_is_no_such_commit(fake: FakeGitHub, git: GitRepository) -> None:
    repository = await fake.add_repository("acme/handbook", git)
    link = await _redirect(fake, repository, ref="nowhere")
    assert (await download(link)).status == 404
