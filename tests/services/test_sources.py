"""Whose credential opens which source: never another tenant's, and no folder outside the roots."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pytest
import pytest_asyncio

from syncd.adapters.encryption import KeyRing, make_master_key, parse_key_ring
from syncd.adapters.postgres.projects import add_project
from syncd.adapters.postgres.transactions import writing
from syncd.core.ids import ProjectId
from syncd.core.projects import NewProject, Project
from syncd.core.sources import Head
from syncd.errors import Stalled, SyncdError
from syncd.services.projects import Shelf, create_project
from syncd.services.repositories import resolve_repository
from syncd.services.sources import FolderAccess, GitHubAccess, Sources
from tests.fakegithub.gitrepo import GitRepository
from tests.fakegithub.server import FakeGitHub, open_fake_github
from tests.loop import Clock
from tests.mirror import Mirror

SERVER_TOKEN = "ghp_of_the_server"
OWN_TOKEN = "ghp_of_the_project"
NAME = "acme/secret"


def make_key_ring() -> KeyRing:
    return parse_key_ring(f"k1:{make_master_key()}")


@dataclass(frozen=True, slots=True)
class Hosted:
    """A private repository that two tokens open."""

    fake: FakeGitHub
    key_ring: KeyRing


@pytest_asyncio.fixture
async def hosted(tmp_path: Path) -> AsyncIterator[Hosted]:
    git = GitRepository.create(tmp_path / "secret.git")
    git.add_commit({"docs/a.md": b"# A\n"})
    async with open_fake_github() as fake:
        await fake.add_repository(NAME, git, private=True)
        for token in (SERVER_TOKEN, OWN_TOKEN):
            fake.add_token(token, reads=[NAME])
        yield Hosted(fake, make_key_ring())


def make_sources(
    mirror: Mirror,
    *,
    github: GitHubAccess | None = None,
    roots: tuple[Path, ...] | None = None,
    key_ring: KeyRing | None = None,
) -> Sources:
    return Sources(
        mirror.pool,
        github=github or GitHubAccess("http://127.0.0.1:1", None, ()),
        folders=FolderAccess(roots=roots, excluded=()),
        key_ring=key_ring,
        max_bytes=1000,
    )


async def add_repository(mirror: Mirror, hosted: Hosted, *, token: str | None = None) -> Project:
    new = await resolve_repository(NAME, api_url=hosted.fake.url, token=SERVER_TOKEN, name=None)
    shelf = Shelf(mirror.web_pool, mirror.tenant_id, hosted.key_ring, Clock())
    return await create_project(shelf, new, token=token)


async def find_head(sources: Sources, project: Project) -> Head | None:
    async with sources, sources.open(project) as source:
        return await source.find_head(None)


@pytest.mark.parametrize(("served", "opens"), [(("acme",), True), (("other", "acme2"), False), ((), False)])
async def test_the_servers_token_opens_repositories_only_for_the_tenants_it_serves(
    mirror: Mirror, hosted: Hosted, served: tuple[str, ...], opens: bool
) -> None:
    project = await add_repository(mirror, hosted)
    sources = make_sources(mirror, github=GitHubAccess(hosted.fake.url, SERVER_TOKEN, served))
    hosted.fake.forget_requests()
    if opens:
        assert await find_head(sources, project)
    else:
        with pytest.raises(Stalled) as caught:
            await find_head(sources, project)
        assert caught.value.code == "repository_not_found"
    assert {request.authorized for request in hosted.fake.requests} == {opens}


async def test_a_projects_own_token_is_sealed_and_goes_before_the_servers(mirror: Mirror, hosted: Hosted) -> None:
    project = await add_repository(mirror, hosted, token=OWN_TOKEN)
    hosted.fake.revoke_token(SERVER_TOKEN)
    access = GitHubAccess(hosted.fake.url, SERVER_TOKEN, ("acme",))
    assert await find_head(make_sources(mirror, github=access, key_ring=hosted.key_ring), project)
    async with writing(mirror.web_pool, mirror.tenant_id) as connection:
        sealed = await connection.fetchval("select credential from projects")
    assert OWN_TOKEN.encode() not in sealed


async def test_without_its_master_key_a_token_opens_nothing_and_the_servers_does_not_stand_in(
    mirror: Mirror, hosted: Hosted
) -> None:
    project = await add_repository(mirror, hosted, token=OWN_TOKEN)
    access = GitHubAccess(hosted.fake.url, SERVER_TOKEN, ("acme",))
    for key_ring in (None, make_key_ring()):
        with pytest.raises(SyncdError) as caught:
            await find_head(make_sources(mirror, github=access, key_ring=key_ring), project)
        assert isinstance(caught.value, Stalled), caught.value
        assert OWN_TOKEN not in caught.value.message + caught.value.hint


async def test_a_sealed_token_moved_to_another_project_opens_nothing(mirror: Mirror, hosted: Hosted) -> None:
    project = await add_repository(mirror, hosted, token=OWN_TOKEN)
    async with writing(mirror.web_pool, mirror.tenant_id) as connection:
        sealed = await connection.fetchval("select credential from projects")
        other = ProjectId(uuid4())
        new = NewProject("thief", "github", repository=NAME, repository_id=project.repository_id)
        await add_project(connection, mirror.tenant_id, other, new, credential=sealed)
    thief = await mirror.get_project(other)
    access = GitHubAccess(hosted.fake.url, None, ())
    with pytest.raises(Stalled):
        await find_head(make_sources(mirror, github=access, key_ring=hosted.key_ring), thief)


async def test_projects_of_one_token_share_their_connections(mirror: Mirror, hosted: Hosted) -> None:
    project = await add_repository(mirror, hosted)
    async with make_sources(mirror, github=GitHubAccess(hosted.fake.url, SERVER_TOKEN, ("acme",))) as sources:
        async with sources.open(project) as one, sources.open(project) as two:
            assert await one.find_head(None) == await two.find_head(None)
            # Each look counts what it cost itself.
            assert (one.cost.requests, two.cost.requests) == (1, 1)
        assert len(sources._clients._held) == 1


async def add_folder(mirror: Mirror, folder: Path) -> Project:
    return await mirror.add_project(NewProject(f"f{uuid4().hex}", "folder", folder=str(folder)))


async def test_a_folder_is_read_only_below_a_root(mirror: Mirror, tmp_path: Path) -> None:
    for name in ("root/inside", "root-beside"):
        (tmp_path / name).mkdir(parents=True)
    inside, beside = (
        await add_folder(mirror, tmp_path / "root/inside"),
        await add_folder(mirror, tmp_path / "root-beside"),
    )
    assert await find_head(make_sources(mirror, roots=(tmp_path / "root",)), inside)
    assert await find_head(make_sources(mirror, roots=None), beside)
    for roots in ((tmp_path / "root",), ()):
        with pytest.raises(Stalled) as caught:
            await find_head(make_sources(mirror, roots=roots), beside)
        assert caught.value.code == "folder_not_allowed"


async def test_a_folder_that_became_a_link_out_of_its_root_is_not_followed(mirror: Mirror, tmp_path: Path) -> None:
    (tmp_path / "root").mkdir()
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/secret.md").write_text("# Secret\n")
    project = await add_folder(mirror, tmp_path / "root/docs")
    (tmp_path / "root/docs").symlink_to(tmp_path / "outside")
    with pytest.raises(Stalled) as caught:
        await find_head(make_sources(mirror, roots=(tmp_path / "root",)), project)
    assert caught.value.code == "folder_not_allowed"


async def test_a_root_that_is_a_link_opens_what_is_below_its_target(mirror: Mirror, tmp_path: Path) -> None:
    (tmp_path / "volume/docs").mkdir(parents=True)
    (tmp_path / "root").symlink_to(tmp_path / "volume")
    project = await add_folder(mirror, tmp_path / "volume/docs")
    assert await find_head(make_sources(mirror, roots=(tmp_path / "root",)), project)
