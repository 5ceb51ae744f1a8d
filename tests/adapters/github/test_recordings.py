"""What GitHub really answered is understood here, and the judge of the fake finds nothing wrong with it."""

import json
import re

import pytest

from syncd.adapters.github.blobs import _BlobAnswer, _decode
from syncd.adapters.github.errors import make_error
from syncd.adapters.github.repositories import _MOVED_TO, _RepositoryAnswer
from syncd.adapters.github.responses import parse_body
from syncd.adapters.github.source import _Commit
from syncd.adapters.github.trees import Listing, list_level
from syncd.core.hashing import git_blob_sha
from syncd.errors import RetryLater, Stalled, SyncdError, Unreachable
from tests.adapters.github.recordings import IndexAway, Recording, fetch_recordings
from tests.fakegithub.openapi.validation import validate_answer

PLACE = r"^(/repos/[^/]+/[^/]+|/repositories/\d+)"
ROUTES = {
    "repository": re.compile(PLACE + "$"),
    "branch": re.compile(PLACE + "/branches/[^/]+$"),
    "commits": re.compile(PLACE + "/commits$"),
    "commit": re.compile(PLACE + "/commits/[^/]+$"),
    "git commit": re.compile(PLACE + "/git/commits/[^/]+$"),
    "ref": re.compile(PLACE + "/git/ref/.+$"),
    "tree": re.compile(PLACE + "/git/trees/[^/]+$"),
    "blob": re.compile(PLACE + "/git/blobs/[^/]+$"),
    "compare": re.compile(PLACE + r"/compare/.+\.\.\.[^/]+$"),
}
# The description of today is held against answers of 2022 to now; these fields came later and are required since.
NEWER_FIELDS = {"verified_at", "has_discussions"}


@pytest.fixture(scope="session")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> list[Recording]:
    try:
        return fetch_recordings(tmp_path_factory.mktemp("pygithub"))
    except IndexAway as error:
        pytest.skip(f"NOT CHECKED against real answers of GitHub: PyGithub's source package is out of reach: {error}")


def find(recordings: list[Recording], *routes: str, status: int = 200, since: int = 0) -> list[Recording]:
    """Return the answers with *status* on *routes* since a year."""
    return [
        one
        for one in recordings
        if one.verb == "GET" and one.response.status == status and (one.year or 0) >= since
        if any(ROUTES[route].match(one.path.partition("?")[0]) for route in routes)
    ]


def test_the_judge_finds_no_fault_with_github_but_fields_that_came_later(recordings: list[Recording]) -> None:
    judged = find(recordings, *ROUTES, since=2022) + find(recordings, *ROUTES, status=301, since=2022)
    assert len(judged) > 100
    missing = {fault for one in judged for fault in judge(one)}
    assert missing <= {f"{name!r} is a required property" for name in NEWER_FIELDS}


def judge(one: Recording) -> list[str]:
    """Return what the judge finds wrong, without the places."""
    try:
        validate_answer(
            one.verb,
            one.path.partition("?")[0],
            status=one.response.status,
            content_type=one.response.headers.get("content-type", ""),
            body=one.response.body,
        )
    except AssertionError as error:
        return [line.partition(": ")[2] for line in str(error).splitlines()]
    return []


def make_expected(one: Recording) -> tuple[type[SyncdError], str] | None:
    """Return what a refusal means by GitHub's documentation, or none where it is a redirect or no refusal."""
    status, body = one.response.status, one.response.body.decode().lower()
    limited = any(sign in body for sign in ("rate limit", "abuse detection"))
    if status >= 500:
        return (Unreachable, "github_unreachable")
    if status == 403 and limited:
        return (RetryLater, "rate_limited")
    return {
        401: (Stalled, "credential_refused"),
        403: (Stalled, "access_denied"),
        404: (Stalled, "repository_not_found"),
        409: (Stalled, "repository_empty"),
        400: (RetryLater, "github_answer_unexpected"),
        422: (RetryLater, "github_answer_unexpected"),
        301: (RetryLater, "github_answer_unexpected"),
    }.get(status)


def test_every_real_refusal_means_what_github_says_it_does(recordings: list[Recording]) -> None:
    seen: dict[str, int] = {}
    for one in recordings:
        expected = make_expected(one)
        if expected is None:
            continue
        error = make_error(one.response, "acme/handbook", authenticated=True)
        assert (type(error), error.code) == expected, one.name
        assert error.hint
        seen[error.code] = seen.get(error.code, 0) + 1
    assert seen.keys() == {
        "github_unreachable",
        "rate_limited",
        "credential_refused",
        "access_denied",
        "repository_not_found",
        "repository_empty",
        "github_answer_unexpected",
    }


def test_a_real_wait_is_as_long_as_github_says(recordings: list[Recording]) -> None:
    waits = {
        one.name: error.after_seconds
        for one in recordings
        if isinstance(error := make_error(one.response, "acme/handbook", authenticated=True), RetryLater)
        if error.code == "rate_limited" and one.response.status == 403
    }
    assert waits["SpecificExceptions.testAuthenticatedRateLimitExceeded"] == 60
    assert 0 < waits["SpecificExceptions.testRateLimitExceeded"] <= 3600


def test_every_real_repository_is_read(recordings: list[Recording]) -> None:
    answers = find(recordings, "repository", since=2022)
    assert len(answers) > 50
    for one in answers:
        told, plain = parse_body(_RepositoryAnswer, one.response), json.loads(one.response.body)
        assert (told.id, told.node_id, told.full_name) == (plain["id"], plain["node_id"], plain["full_name"])
        assert (told.default_branch, told.private) == (plain["default_branch"], plain["private"])


def test_every_real_rename_leads_to_a_number(recordings: list[Recording]) -> None:
    renamed = find(recordings, "repository", status=301, since=2022)
    assert renamed
    for one in renamed:
        assert _MOVED_TO.search(one.response.headers["location"]), one.name


def test_every_real_commit_is_read(recordings: list[Recording]) -> None:
    commits = find(recordings, "git commit")
    assert len(commits) > 3
    for one in commits:
        told, plain = parse_body(_Commit, one.response), json.loads(one.response.body)
        assert (told.tree.sha, told.author.name) == (plain["tree"]["sha"], plain["author"]["name"])


async def test_every_real_level_is_proved_by_the_tree_of_its_commit(recordings: list[Recording]) -> None:
    trees = find(recordings, "tree", since=2022)
    assert trees
    commits = {
        plain["sha"]: plain for one in find(recordings, "git commit") for plain in [json.loads(one.response.body)]
    }
    for one in trees:
        listing = parse_body(Listing, one.response)
        asked: list[bool] = []

        async def answer(
            _tree_sha: str, recursive: bool, *, listing: Listing = listing, told: list[bool] = asked
        ) -> Listing:
            told.append(recursive)
            return listing

        named = json.loads(one.response.body)["sha"]  # what was asked for, which may be a commit
        tree_sha = commits[named]["tree"]["sha"] if named in commits else named
        assert await list_level(answer, tree_sha) == listing.tree
        assert asked == [False], "one look is proof enough"


def test_every_real_blob_has_the_sha_that_it_is_called_by(recordings: list[Recording]) -> None:
    blobs = find(recordings, "blob")
    assert blobs
    for one in blobs:
        assert git_blob_sha(_decode(parse_body(_BlobAnswer, one.response))) == json.loads(one.response.body)["sha"]
