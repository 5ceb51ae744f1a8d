"""GraphQL answers by GitHub's own schema, and as GitHub does where the schema is silent."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from syncd.core.hashing import git_blob_sha
from tests.fakegithub.asking import ask, ask_graphql
from tests.fakegithub.faults import Fault, PartialData, WrongTexts
from tests.fakegithub.gitrepo import GitRepository
from tests.fakegithub.repositories import HostedRepository
from tests.fakegithub.server import FakeGitHub, open_fake_github

_TOKEN = "ghp_reader"
_CONTENTS = {
    "docs/text.md": "ä text\n".encode(),
    "docs/binary.md": b"\0\1",
    "docs/latin.md": b"\xe4\n",
    "docs/whole.md": b"x" * 512_000,
    "docs/long.md": b"x" * 512_001,
}
_BLOB = "oid byteSize isBinary isTruncated text"


@dataclass(frozen=True, slots=True)
class Hosted:
    """A fake with one repository and a token."""

    fake: FakeGitHub
    git: GitRepository
    repository: HostedRepository

    async def ask(self, query: str, *, token: str = _TOKEN) -> Any:  # noqa: ANN401 - tests pick from it as they like
        """Return the parsed answer to *query*, which may name the repository as $id."""
        node_id = (await ask(self.fake, f"/repositories/{self.repository.number}")).json()["node_id"]
        return (await ask_graphql(self.fake, query, variables={"id": node_id}, token=token)).json()

    async def ask_blobs(self, *contents: bytes) -> Any:  # noqa: ANN401 - tests pick from it as they like
        """Return what GraphQL tells of the blobs of *contents*, as b0, b1 and so on."""
        objects = " ".join(
            f'b{number}: object(oid: "{git_blob_sha(content)}") {{ ... on Blob {{ {_BLOB} }} }}'
            for number, content in enumerate(contents)
        )
        return await self.ask(f"query($id: ID!) {{ node(id: $id) {{ ... on Repository {{ {objects} }} }} }}")


@pytest.fixture
async def hosted(tmp_path: Path) -> AsyncIterator[Hosted]:
    git = GitRepository.create(tmp_path / "handbook.git")
    git.add_commit(_CONTENTS)
    async with open_fake_github() as fake:
        fake.add_token(_TOKEN)
        yield Hosted(fake, git, await fake.add_repository("acme/handbook", git))


async def test_a_text_comes_with_its_size(hosted: Hosted) -> None:
    content = _CONTENTS["docs/text.md"]
    told = await hosted.ask_blobs(content)
    assert told == {
        "data": {
            "node": {
                "b0": {
                    "oid": git_blob_sha(content),
                    "byteSize": len(content),
                    "isBinary": False,
                    "isTruncated": False,
                    "text": "ä text\n",
                }
            }
        }
    }


async def test_a_text_is_cut_beyond_512000_bytes_and_says_so(hosted: Hosted) -> None:
    node = (await hosted.ask_blobs(_CONTENTS["docs/whole.md"], _CONTENTS["docs/long.md"]))["data"]["node"]
    assert [(len(node[name]["text"]), node[name]["isTruncated"]) for name in ("b0", "b1")] == [
        (512_000, False),
        (512_000, True),
    ]


async def test_what_is_binary_or_absent_is_null_and_what_is_no_utf8_is_not_itself(hosted: Hosted) -> None:
    node = (await hosted.ask_blobs(_CONTENTS["docs/binary.md"], b"absent", _CONTENTS["docs/latin.md"]))["data"]["node"]
    assert (node["b0"]["text"], node["b0"]["isBinary"], node["b1"]) == (None, True, None)
    assert node["b2"]["text"] == "\ufffd\n"


async def test_what_is_no_blob_is_an_empty_object(hosted: Hosted) -> None:
    told = await hosted.ask(
        'query($id: ID!) { node(id: $id) { ... on Repository { object(expression: "main") { ... on Blob { text } } } } }'
    )
    assert told == {"data": {"node": {"object": {}}}}


async def test_a_repository_is_found_by_node_and_by_name_also_a_former_one(hosted: Hosted) -> None:
    hosted.fake.rename_repository(hosted.repository, "acme/book")
    by_name = await hosted.ask(
        'query { repository(owner: "acme", name: "handbook") { databaseId nameWithOwner isPrivate } }'
    )
    by_node = await hosted.ask(
        "query($id: ID!) { node(id: $id) { ... on Repository { databaseId nameWithOwner isPrivate } } }"
    )
    told = {"databaseId": hosted.repository.number, "nameWithOwner": "acme/book", "isPrivate": False}
    assert (by_name["data"]["repository"], by_node["data"]["node"]) == (told, told)


@pytest.mark.parametrize(
    "query",
    ['{ node(id: "MDA6") { id } }', '{ node(id: "%") { id } }', '{ repository(owner: "acme", name: "no") { id } }'],
)
async def test_what_is_not_there_is_an_error_beside_null(hosted: Hosted, query: str) -> None:
    told = await hosted.ask(query)
    assert list(told["data"].values()) == [None]
    assert [error["type"] for error in told["errors"]] == ["NOT_FOUND"]


async def test_a_private_repository_is_not_there_for_a_token_that_may_not_read_it(hosted: Hosted) -> None:
    hosted.repository.private = True
    hosted.fake.add_token("ghp_owner", reads=None)
    query = '{ repository(owner: "acme", name: "handbook") { isPrivate } }'
    told = [(await ask_graphql(hosted.fake, query, token=token)).json() for token in (_TOKEN, "ghp_owner")]
    assert [one["data"]["repository"] for one in told] == [None, {"isPrivate": True}]


@pytest.mark.parametrize("query", ["{ nothing }", "{ node { id } }", "query {", '{ node(id: "x") { text } }'])
async def test_a_wrong_query_is_refused_without_data(hosted: Hosted, query: str) -> None:
    told = await hosted.ask(query)
    assert "data" not in told
    assert told["errors"][0]["message"]


async def test_graphql_needs_a_token_and_has_a_budget_of_its_own(hosted: Hosted) -> None:
    query = "{ rateLimit { cost remaining used limit resetAt nodeCount } }"
    assert (await ask_graphql(hosted.fake, query)).status == 401
    caller = hosted.fake.add_token(_TOKEN)
    told = await ask_graphql(hosted.fake, query, token=_TOKEN)
    assert told.json()["data"]["rateLimit"]["remaining"] == 4999
    assert (told.headers["X-RateLimit-Resource"], told.headers["X-RateLimit-Remaining"]) == ("graphql", "4999")
    assert (caller.points_used, caller.used) == (1, 0)
    caller.points_used = 5000
    told = await ask_graphql(hosted.fake, query, token=_TOKEN)
    assert (told.status, told.json()["errors"][0]["type"]) == (200, "RATE_LIMITED")


async def test_a_query_for_too_much_takes_too_long(hosted: Hosted) -> None:
    hosted.fake.limit_graphql(7)
    query = '{ repository(owner: "acme", name: "handbook") { object(oid: "%s") { ... on Blob { text } } } }'
    statuses = [
        (await ask_graphql(hosted.fake, query % git_blob_sha(_CONTENTS[path]), token=_TOKEN)).status
        for path in ("docs/binary.md", "docs/whole.md")
    ]
    assert statuses == [200, 502]


async def test_what_is_no_query_is_a_bad_request(hosted: Hosted) -> None:
    told = await ask_graphql(hosted.fake, "", token=_TOKEN)
    assert told.json()["errors"]


async def test_a_fault_can_lose_and_falsify_texts(hosted: Hosted) -> None:
    texts = [b"one\n", b"two\n", b"three\n"]
    hosted.git.add_commit({f"docs/{number}.md": text for number, text in enumerate(texts)})
    hosted.fake.faults.add(Fault(on="^/graphql", effect=PartialData(keep=1)))
    hosted.fake.faults.add(Fault(on="^/graphql", effect=WrongTexts(nth=2)))
    partial, wrong = [await hosted.ask_blobs(*texts) for _ in range(2)]
    assert [bool(told) for told in partial["data"]["node"].values()] == [True, False, False]
    assert [error["path"] for error in partial["errors"]] == [["node", "b1"], ["node", "b2"]]
    assert [told["text"] for told in wrong["data"]["node"].values()] == ["\u2603ne\n", "two\n", "\u2603hree\n"]
