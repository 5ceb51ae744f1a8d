"""Every refusal of GitHub becomes a condition with a sentence and a hint; the token is in none of them."""

import logging
import traceback
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from syncd.adapters.github.client import ClientLimits, open_github_client
from syncd.adapters.github.errors import make_error
from syncd.adapters.github.repositories import get_repository_by_name, parse_repository_name
from syncd.adapters.github.responses import Response
from syncd.adapters.github.source import GitHubSource
from syncd.errors import BadUsage, RetryLater, Stalled, SyncdError, Unreachable
from tests.adapters.github.conftest import NAME, TOKEN, Hosted, mirror
from tests.fakegithub.faults import Answer, CutBody, Fault, WrongBytes

_LIMIT_REACHED = b'{"message":"API rate limit exceeded for user ID 1."}'


async def _fail(source: GitHubSource) -> SyncdError:
    with pytest.raises(SyncdError) as caught:
        await mirror(source)
    error = caught.value
    assert error.message.endswith(".")
    assert error.hint
    assert TOKEN not in "".join(traceback.format_exception(error)) + error.hint
    return error


async def _fail_by(hosted: Hosted, answer: Answer, *, on: str = "/commits/") -> SyncdError:
    hosted.fake.faults.add(Fault(on=on, effect=answer, times=None))
    return await _fail(hosted.open_source())


def _code(error: SyncdError, family: type[SyncdError]) -> str:
    assert type(error) is family
    return error.code


async def test_a_revoked_token_stalls(hosted: Hosted) -> None:
    hosted.fake.revoke_token(TOKEN)
    assert _code(await _fail(hosted.open_source()), Stalled) == "credential_refused"


@pytest.mark.parametrize(
    ("headers", "words"),
    [({}, "Contents: read"), ({"X-GitHub-SSO": "required; url=https://github.com/orgs/acme/sso"}, "single sign-on")],
)
async def test_access_denied_stalls(hosted: Hosted, headers: dict[str, str], words: str) -> None:
    error = await _fail_by(hosted, Answer(403, headers, b'{"message":"Resource not accessible"}'))
    assert _code(error, Stalled) == "access_denied"
    assert "Resource not accessible" in error.message
    assert words in error.hint


async def test_a_repository_blocked_by_law_stalls(hosted: Hosted) -> None:
    assert _code(await _fail_by(hosted, Answer(451)), Stalled) == "access_denied"


@pytest.mark.parametrize("known", [True, False])
async def test_a_repository_that_is_gone_stalls(hosted: Hosted, known: bool) -> None:
    hosted.fake.remove_repository(hosted.repository)
    assert _code(await _fail(hosted.open_source(known=known)), Stalled) == "repository_not_found"


async def test_a_name_taken_by_another_repository_stalls(hosted: Hosted) -> None:
    source = hosted.open_source()
    hosted.fake.remove_repository(hosted.repository)
    await hosted.fake.add_repository(NAME, hosted.git)
    assert _code(await _fail(source), Stalled) == "repository_replaced"


async def test_a_head_that_is_hidden_for_a_moment_is_no_replacement(hosted: Hosted) -> None:
    hosted.fake.faults.add(Fault(on="^/repositories/", effect=Answer(404, body=b"{}"), times=None))
    assert _code(await _fail(hosted.open_source()), Stalled) == "repository_not_found"


async def test_a_repository_that_fails_while_it_is_explained_says_how_it_fails(hosted: Hosted) -> None:
    hosted.fake.faults.add(Fault(on="/commits/", effect=Answer(404, body=b"{}")))
    hosted.fake.faults.add(Fault(on="^/repositories/", effect=Answer(502), times=None))
    assert _code(await _fail(hosted.open_source()), Unreachable) == "github_unreachable"


async def test_a_private_repository_needs_a_token_that_may_read_it(hosted: Hosted) -> None:
    hosted.repository.private = True
    error = await _fail(hosted.open_source())
    assert _code(error, Stalled) == "repository_not_found"
    assert "may read this repository" in error.hint
    async with open_github_client(api_url=hosted.fake.url) as anonymous:
        error = await _fail(GitHubSource(anonymous, NAME))
        assert _code(error, Stalled) == "repository_not_found"
        assert "needs a token" in error.hint
    hosted.fake.add_token("ghp_reader", reads=[NAME])
    async with open_github_client(api_url=hosted.fake.url, token="ghp_reader") as reader:
        assert set(await mirror(GitHubSource(reader, NAME))) == {"docs/index.md", "docs/deep/page.md"}


async def test_a_missing_branch_stalls_and_the_nearest_are_named(hosted: Hosted) -> None:
    hosted.git.set_branch("next", hosted.git.get_commit("main"))
    error = await _fail(hosted.open_source(branch="nexd"))
    assert _code(error, Stalled) == "branch_missing"
    assert "Its branches: next." in error.hint
    hosted.fake.forget_requests()
    hosted.git.remove_branch("main")
    assert (await _fail(hosted.open_source())).message == "acme/handbook has no default branch."
    assert len(hosted.fake.requests) == 2


async def test_a_missing_branch_is_named_where_its_siblings_cannot_be_listed(hosted: Hosted) -> None:
    hosted.fake.faults.add(Fault(on="/branches", effect=Answer(500)))
    error = await _fail(hosted.open_source(branch="nowhere"))
    assert (_code(error, Stalled), "Its branches" in error.hint) == ("branch_missing", False)


async def test_a_branch_that_github_calls_not_found_is_told_from_a_missing_repository(hosted: Hosted) -> None:
    error = await _fail_by(hosted, Answer(404, body=b"{}"))
    assert _code(error, Stalled) == "branch_missing"


@pytest.mark.parametrize("docs_path", ["dcs", "docs/index.md", "docs/deep/er"])
async def test_a_missing_docs_path_stalls_and_says_what_is_there(hosted: Hosted, docs_path: str) -> None:
    error = await _fail(hosted.open_source(docs_path=docs_path))
    assert _code(error, Stalled) == "path_missing"
    if docs_path == "dcs":
        assert "Folders there: docs." in error.hint


async def test_an_empty_repository_stalls(hosted: Hosted) -> None:
    hosted.git.remove_branch("main")
    assert _code(await _fail(hosted.open_source()), Stalled) == "repository_empty"


@pytest.mark.parametrize(
    ("status", "headers", "body", "after_seconds"),
    [
        (403, {"Retry-After": "7"}, b"", 7),
        (429, {"Retry-After": "7", "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1"}, b"", 7),
        (429, {}, b"", 60),
        (429, {"Retry-After": "soon"}, b"", 60),
        (403, {"X-RateLimit-Remaining": "7"}, b'{"message":"You have exceeded a secondary rate limit."}', 60),
        (403, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1"}, _LIMIT_REACHED, 1),
    ],
)
async def test_a_rate_limit_is_waited_out(
    hosted: Hosted, status: int, headers: dict[str, str], body: bytes, after_seconds: float
) -> None:
    error = await _fail_by(hosted, Answer(status, headers, body))
    assert isinstance(error, RetryLater)
    assert (_code(error, RetryLater), error.after_seconds) == ("rate_limited", after_seconds)


def test_the_reset_is_measured_on_the_clock_of_github() -> None:
    sent_at = datetime(2001, 2, 3, tzinfo=UTC)
    headers = {
        "date": format_datetime(sent_at, usegmt=True),
        "x-ratelimit-remaining": "0",
        "x-ratelimit-reset": str(int((sent_at + timedelta(minutes=5)).timestamp())),
    }
    error = make_error(Response(403, headers, b""), NAME, authenticated=False)
    assert isinstance(error, RetryLater)
    assert error.after_seconds == 300
    assert "5,000" in error.hint


def test_a_reset_without_a_date_is_measured_on_our_clock() -> None:
    headers = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1"}
    error = make_error(Response(429, headers, b"[]"), NAME, authenticated=True)
    assert isinstance(error, RetryLater)
    assert error.after_seconds == 1


def test_a_reset_that_is_farther_off_than_any_of_githubs_is_not_waited_for() -> None:
    headers = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "9999999999"}
    error = make_error(Response(403, headers, b""), NAME, authenticated=True)
    assert isinstance(error, RetryLater)
    assert error.after_seconds == 60


async def test_the_sixty_first_anonymous_request_of_an_hour_waits(hosted: Hosted) -> None:
    hosted.fake.anonymous.used = 60
    async with open_github_client(api_url=hosted.fake.url) as anonymous:
        error = await _fail(GitHubSource(anonymous, NAME))
    assert isinstance(error, RetryLater)
    assert error.code == "rate_limited"
    assert 3500 < error.after_seconds <= 3601


@pytest.mark.parametrize("on", ["/commits/", "/git/commits/", "/git/trees/", "recursive", "/blobs/"])
async def test_a_server_error_is_tried_again(hosted: Hosted, on: str) -> None:
    error = await _fail_by(hosted, Answer(503, {"X-GitHub-Request-Id": "F00D"}, b"<html>"), on=on)
    assert _code(error, Unreachable) == "github_unreachable"
    assert "F00D" in error.message


@pytest.mark.parametrize("on", ["/commits/", "/git/commits/", "/git/trees/", "recursive", "/blobs/"])
async def test_a_body_that_breaks_off_is_tried_again(hosted: Hosted, on: str) -> None:
    hosted.fake.faults.add(Fault(on=on, effect=CutBody(keep_bytes=3)))
    assert _code(await _fail(hosted.open_source()), Unreachable) == "github_unreachable"


async def test_a_github_that_does_not_listen_is_tried_again() -> None:
    async with open_github_client(api_url="http://127.0.0.1:1", token=TOKEN) as client:
        assert _code(await _fail(GitHubSource(client, NAME)), Unreachable) == "github_unreachable"


@pytest.mark.parametrize("status", [301, 302, 307, 308])
@pytest.mark.parametrize("on", ["/commits/", "/git/commits/", "recursive", "/blobs/"])
async def test_a_redirect_of_data_is_never_followed(hosted: Hosted, status: int, on: str) -> None:
    answer = Answer(status, {"Location": f"{hosted.fake.url}/repositories/7/elsewhere"}, b"{}")
    error = await _fail_by(hosted, answer, on=on)
    assert _code(error, RetryLater) == "github_answer_unexpected"
    assert not any("elsewhere" in path for path in hosted.paths())


@pytest.mark.parametrize("location", ["https://example.org/elsewhere", ""])
async def test_a_repository_that_moved_to_no_number_is_not_followed(hosted: Hosted, location: str) -> None:
    hosted.fake.faults.add(Fault(on="^/repos/", effect=Answer(301, {"Location": location}, b"{}")))
    assert _code(await _fail(hosted.open_source(known=False)), RetryLater) == "github_answer_unexpected"


@pytest.mark.parametrize("on", ["/repos/", "/commits/", "/git/commits/", "/git/trees/", "recursive"])
async def test_an_answer_that_is_not_githubs_is_tried_again(hosted: Hosted, on: str) -> None:
    hosted.fake.faults.add(Fault(on=on, effect=Answer(200, body=b"<html>Please log in to the network</html>")))
    assert _code(await _fail(hosted.open_source(known=False)), RetryLater) == "github_answer_malformed"


async def test_an_accepted_answer_is_not_waited_for_in_the_thread(hosted: Hosted) -> None:
    assert _code(await _fail_by(hosted, Answer(202)), RetryLater) == "github_answer_unexpected"


async def test_a_blob_with_wrong_bytes_is_fetched_once_more_the_other_way(hosted: Hosted) -> None:
    hosted.fake.faults.add(Fault(on="/blobs/", effect=WrongBytes()))
    contents = await mirror(hosted.open_source())
    assert contents == {"docs/index.md": b"# Start\n", "docs/deep/page.md": b"deep\n"}
    assert sum("/blobs/" in path for path in hosted.paths()) == 3


_OTHER = b'{"content":"b3RoZXI=","encoding":"base64"}'


@pytest.mark.parametrize(
    "body", [_OTHER, b'{"content":"b","encoding":"base64"}', b'{"content":"x","encoding":"utf-8"}']
)
async def test_a_blob_that_stays_wrong_is_tried_again_later(hosted: Hosted, body: bytes) -> None:
    error = await _fail_by(hosted, Answer(200, body=body), on="/blobs/")
    assert _code(error, RetryLater) == "blob_mismatch"


async def test_a_blob_that_is_listed_and_missing_is_tried_again_later(hosted: Hosted) -> None:
    assert _code(await _fail_by(hosted, Answer(404, body=b"{}"), on="/blobs/"), RetryLater) == "blob_missing"


async def test_a_blob_at_the_limit_is_read_and_one_byte_more_is_not(hosted: Hosted) -> None:
    hosted.git.add_commit({"docs/a.md": b"x" * 100})
    assert await mirror(hosted.open_source(blob_max_bytes=100)) == {"docs/a.md": b"x" * 100}
    assert _code(await _fail(hosted.open_source(blob_max_bytes=99)), Stalled) == "blob_too_large"


async def test_an_answer_larger_than_its_limit_stalls(hosted: Hosted) -> None:
    limits = ClientLimits(answer_max_bytes=100)
    async with open_github_client(api_url=hosted.fake.url, token=TOKEN, limits=limits) as client:
        assert _code(await _fail(GitHubSource(client, NAME)), Stalled) == "answer_too_large"


async def test_the_token_is_in_no_log_record(hosted: Hosted, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    await mirror(hosted.open_source())
    hosted.fake.revoke_token(TOKEN)
    await _fail(hosted.open_source())
    assert TOKEN not in caplog.text
    assert not logging.getLogger("github.Requester").isEnabledFor(logging.DEBUG)
    assert TOKEN not in repr(vars(hosted.client))


@pytest.mark.parametrize("token", ["", "ghp_with a space", "ghp_line\n", "ghp_ü"])
async def test_a_token_that_no_header_can_carry_is_refused_without_being_told(token: str) -> None:
    with pytest.raises(BadUsage) as caught:
        await _open_and_close(token=token)
    assert caught.value.code == "bad_github_token"
    assert not token or token not in caught.value.message


@pytest.mark.parametrize(
    "api_url", ["ftp://api.github.com", "api.github.com", "https://me@ghes.example", "https://a?b"]
)
async def test_an_address_that_is_no_api_is_refused(api_url: str) -> None:
    with pytest.raises(BadUsage) as caught:
        await _open_and_close(api_url=api_url)
    assert caught.value.code == "bad_github_url"


async def _open_and_close(*, api_url: str = "http://127.0.0.1:1", token: str | None = None) -> None:
    async with open_github_client(api_url=api_url, token=token):
        pass


async def test_a_repository_tells_its_number_name_branch_and_privacy(hosted: Hosted) -> None:
    hosted.fake.rename_repository(hosted.repository, "acme/book")
    for name in (NAME, "acme/book", "https://github.com/acme/book.git"):
        found = await get_repository_by_name(hosted.client, name)
        assert (found.number, found.full_name) == (hosted.repository.number, "acme/book")
        assert (found.default_branch, found.private) == ("main", False)


@pytest.mark.parametrize(
    "text",
    ["acme/book", " https://github.com/acme/book/ ", "git@github.com:acme/book.git", "http://ghes.local/acme/book"],
)
def test_a_repository_may_be_named_by_its_address(text: str) -> None:
    assert parse_repository_name(text) == "acme/book"


@pytest.mark.parametrize("text", ["", "acme", "acme/book/tree", "acme/..", "a b/c", "acme/book?x"])
def test_what_names_no_repository_is_refused(text: str) -> None:
    with pytest.raises(BadUsage):
        parse_repository_name(text)
