"""Every answer is one that GitHub describes, and says what git says."""

from base64 import b64decode
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from aiohttp import ClientSession

from tests.fakegithub.asking import ask
from tests.fakegithub.gitrepo import Files, GitFile, GitRepository, submodule, symlink
from tests.fakegithub.openapi.validation import validate_answer
from tests.fakegithub.repositories import HostedRepository
from tests.fakegithub.server import FakeGitHub, open_fake_github

_START = b"# Start\n" * 40
_FILES: Files = {
    "README.md": b"# Handbook\n",
    "docs/index.md": _START,
    "docs/deep/er/page.md": b"deep\n",
    "docs/run.sh": GitFile(b"#!/bin/sh\n", mode="100755"),
    "docs/link.md": symlink("index.md"),
    "vendor/theme": submodule("1" * 40),
}


@dataclass(frozen=True, slots=True)
class Hosted:
    """A fake with one repository of one commit."""

    fake: FakeGitHub
    git: GitRepository
    repository: HostedRepository
    commit: str


@pytest.fixture
async def hosted(tmp_path: Path) -> AsyncIterator[Hosted]:
    git = GitRepository.create(tmp_path / "handbook.git")
    commit = git.add_commit(_FILES, message="Write it all down\n\nWith a body.\n\n")
    async with open_fake_github() as fake:
        yield Hosted(fake, git, await fake.add_repository("acme/handbook", git), commit)


async def test_the_fake_listens_on_loopback_only(hosted: Hosted) -> None:
    assert hosted.fake.url.startswith("http://127.0.0.1:")


async def test_a_repository_answers_by_name_and_by_number(hosted: Hosted) -> None:
    by_name = await ask(hosted.fake, "/repos/acme/handbook")
    by_number = await ask(hosted.fake, f"/repositories/{hosted.repository.number}")
    assert by_name.status == by_number.status == 200
    assert by_name.json() == by_number.json()
    assert by_name.json()["id"] == hosted.repository.number


async def test_a_status_is_put_by_who_may_beside_a_commit_that_is_there(hosted: Hosted) -> None:
    hosted.fake.add_token("ghp_teller").tells = True
    hosted.fake.add_token("ghp_reader")
    asked = {"state": "success", "context": "syncd", "description": "docs synced"}
    answers = []
    for token, sha in (("ghp_teller", hosted.commit), ("ghp_reader", hosted.commit), ("ghp_teller", "1" * 40)):
        path = f"/repos/acme/handbook/statuses/{sha}"
        headers = {"Authorization": f"token {token}"}
        async with (
            ClientSession() as session,
            session.post(hosted.fake.url + path, json=asked, headers=headers) as told,
        ):
            answers.append(told.status)
            if told.status == 201:
                body = await told.read()
                validate_answer("POST", path, status=201, content_type=told.content_type, body=body)
    assert answers == [201, 403, 422]
    (status,) = hosted.fake.statuses
    assert (status["commit"], status["state"], status["context"]) == (hosted.commit, "success", "syncd")


async def test_a_comparison_says_how_two_commits_stand_to_each_other(hosted: Hosted) -> None:
    git, first = hosted.git, hosted.commit
    second = git.add_commit({"a.md": b"2\n"})
    third = git.add_commit({"a.md": b"3\n"})
    git.set_branch("side", first)
    side = git.add_commit({"a.md": b"side\n"}, branch="side")
    stranger = git.add_commit({"a.md": b"alone\n"}, branch="orphan")

    async def tell(base: str, head: str) -> tuple[str, int, int, str]:
        told = (await ask(hosted.fake, f"/repos/acme/handbook/compare/{base}...{head}")).json()
        return told["status"], told["ahead_by"], told["behind_by"], told["merge_base_commit"]["sha"]

    assert await tell(first, third) == ("ahead", 2, 0, first)
    assert await tell(third, second) == ("behind", 0, 1, second)
    assert await tell(second, second) == ("identical", 0, 0, second)
    assert await tell(third, side) == ("diverged", 1, 2, first)
    paged = await ask(hosted.fake, f"/repos/acme/handbook/compare/{first}...{third}?per_page=1&page=2")
    assert [commit["sha"] for commit in paged.json()["commits"]] == [third]
    for base in (stranger, "1" * 40):
        assert (await ask(hosted.fake, f"/repos/acme/handbook/compare/{base}...{third}")).status == 404


@pytest.mark.parametrize("route", ["/commits/main", "/git/trees/main?recursive=1", "/branches", "/git/ref/heads/main"])
async def test_every_route_answers_by_name_and_by_number(hosted: Hosted, route: str) -> None:
    by_name = await ask(hosted.fake, f"/repos/acme/handbook{route}")
    by_number = await ask(hosted.fake, f"/repositories/{hosted.repository.number}{route}")
    assert by_name.status == 200
    assert by_name.body == by_number.body


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/rate_limit", 200),
        ("/repos/acme/handbook/commits", 200),
        ("/repos/acme/handbook/commits/nowhere", 422),
        ("/repos/acme/handbook/commits?sha=nowhere", 404),
        ("/repos/acme/handbook/branches/main", 200),
        ("/repos/acme/handbook/branches/nowhere", 404),
        ("/repos/acme/handbook/git/ref/heads/nowhere", 404),
        ("/repos/acme/handbook/git/commits/" + "0" * 40, 404),
        ("/repos/acme/handbook/git/trees/nowhere", 404),
        ("/repos/acme/handbook/git/blobs/" + "0" * 40, 404),
        ("/repos/acme/handbook/git/blobs/main", 422),
        ("/repos/acme/nothing", 404),
        ("/repositories/1", 404),
    ],
)
async def test_an_answer_has_the_status_and_the_shape_that_github_describes(
    hosted: Hosted, path: str, status: int
) -> None:
    assert (await ask(hosted.fake, path)).status == status


@pytest.mark.parametrize("route", ["/commits/main", "/commits", "/git/trees/main", "/git/ref/heads/main"])
async def test_an_empty_repository_is_a_conflict(hosted: Hosted, tmp_path: Path, route: str) -> None:
    await hosted.fake.add_repository("acme/empty", GitRepository.create(tmp_path / "empty.git"))
    assert (await ask(hosted.fake, f"/repos/acme/empty{route}")).status == 409


async def test_the_media_type_sha_answers_forty_digits(hosted: Hosted) -> None:
    told = await ask(hosted.fake, "/repos/acme/handbook/commits/heads/main", accept="application/vnd.github.sha")
    assert told.body.decode() == hosted.commit
    assert told.headers["ETag"] == f'"{hosted.commit}"'


async def test_a_branch_with_slashes_is_one_name(hosted: Hosted) -> None:
    hosted.git.set_branch("docs/next/one", hosted.commit)
    for route in ("commits/docs/next/one", "commits/heads/docs/next/one", "branches/docs/next/one"):
        assert (await ask(hosted.fake, f"/repos/acme/handbook/{route}")).json()["sha" if "commits" in route else "name"]
    assert (await ask(hosted.fake, "/repos/acme/handbook/git/ref/heads/docs/next/one")).json()["object"] == {
        "sha": hosted.commit,
        "type": "commit",
        "url": f"{hosted.fake.url}/repos/acme/handbook/git/commits/{hosted.commit}",
    }


async def test_head_is_the_default_branch(hosted: Hosted) -> None:
    assert (await ask(hosted.fake, "/repos/acme/handbook/commits/HEAD")).json()["sha"] == hosted.commit


async def test_a_commit_message_loses_the_newlines_at_its_end(hosted: Hosted) -> None:
    told = await ask(hosted.fake, f"/repos/acme/handbook/git/commits/{hosted.commit}")
    assert told.json()["message"] == "Write it all down\n\nWith a body."
    assert told.json()["author"] == {"name": "Ada Lovelace", "email": "ada@example.org", "date": "2023-11-14T22:13:20Z"}


async def test_a_tree_echoes_the_sha_that_was_asked_for(hosted: Hosted) -> None:
    tree_sha = hosted.git.run("rev-parse", "main^{tree}").strip()
    by_branch = await ask(hosted.fake, "/repos/acme/handbook/git/trees/main")
    by_commit = await ask(hosted.fake, f"/repos/acme/handbook/git/trees/{hosted.commit}")
    by_tree = await ask(hosted.fake, f"/repos/acme/handbook/git/trees/{tree_sha}")
    assert [told.json()["sha"] for told in (by_branch, by_commit, by_tree)] == [hosted.commit, hosted.commit, tree_sha]
    assert by_branch.json()["tree"] == by_tree.json()["tree"]


async def test_a_recursive_listing_says_what_git_ls_tree_says(hosted: Hosted) -> None:
    told = (await ask(hosted.fake, "/repos/acme/handbook/git/trees/main?recursive=1")).json()
    rows = {row["path"]: row for row in told["tree"]}
    oracle = hosted.git.list_tree("main")
    assert {path: (row["mode"], row["sha"]) for path, row in rows.items() if row["type"] != "tree"} == {
        path: (file.mode, file.git_sha) for path, file in oracle.items()
    }
    assert rows["docs/index.md"]["size"] == len(_START)
    assert rows["vendor/theme"] == {"path": "vendor/theme", "mode": "160000", "type": "commit", "sha": "1" * 40}
    assert "size" not in rows["docs/deep"]
    assert told["truncated"] is False


async def test_a_listing_of_one_level_names_its_subtrees(hosted: Hosted) -> None:
    told = (await ask(hosted.fake, "/repos/acme/handbook/git/trees/main")).json()
    assert {row["path"]: row["type"] for row in told["tree"]} == {"README.md": "blob", "docs": "tree", "vendor": "tree"}


async def test_a_listing_beyond_the_limit_is_cut_and_says_so(hosted: Hosted) -> None:
    hosted.fake.limit_trees(2)
    told = (await ask(hosted.fake, "/repos/acme/handbook/git/trees/main?recursive=1")).json()
    assert (len(told["tree"]), told["truncated"]) == (2, True)


async def test_a_path_that_is_not_utf8_arrives_with_replacement_characters(hosted: Hosted) -> None:
    hosted.git.add_commit({"docs/\udcff.md": b"latin"})
    told = (await ask(hosted.fake, "/repos/acme/handbook/git/trees/main?recursive=1")).json()
    assert "docs/\ufffd.md" in {row["path"] for row in told["tree"]}


async def test_a_blob_is_base64_in_lines_of_sixty_columns(hosted: Hosted) -> None:
    sha = hosted.git.list_tree("main")["docs/index.md"].git_sha
    told = (await ask(hosted.fake, f"/repos/acme/handbook/git/blobs/{sha}")).json()
    assert {len(line) for line in told["content"].splitlines()[:-1]} == {60}
    assert b64decode(told["content"]) == _START


async def test_the_media_type_raw_answers_the_very_bytes(hosted: Hosted) -> None:
    content = bytes(range(256))
    sha = hosted.git.add_blob(content)
    told = await ask(hosted.fake, f"/repos/acme/handbook/git/blobs/{sha}", accept="application/vnd.github.raw")
    assert told.body == content


async def test_pages_link_to_each_other_through_the_id(hosted: Hosted) -> None:
    for number in range(4):
        hosted.git.add_commit({"a.md": b"%d" % number})
    first = await ask(hosted.fake, "/repos/acme/handbook/commits?per_page=2")
    middle = await ask(hosted.fake, "/repos/acme/handbook/commits?per_page=2&page=2")
    url = f"{hosted.fake.url}/repositories/{hosted.repository.number}/commits"
    assert first.headers["Link"] == f'<{url}?per_page=2&page=2>; rel="next", <{url}?per_page=2&page=3>; rel="last"'
    assert middle.headers["Link"].count("rel=") == 4
    shas = [row["sha"] for told in (first, middle) for row in told.json()]
    assert shas == hosted.git.list_commits("main")[::-1][:4]


async def test_branches_are_listed(hosted: Hosted) -> None:
    hosted.git.set_branch("next", hosted.commit)
    assert [row["name"] for row in (await ask(hosted.fake, "/repos/acme/handbook/branches")).json()] == ["main", "next"]
