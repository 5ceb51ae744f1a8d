"""What each refusal of GitHub means here: wait, or call an operator.

Order of the signs of a rate limit: docs.github.com/rest/using-the-rest-api/best-practices, "Handle rate limit errors".
"""

import json
import time
from collections.abc import Mapping
from http import HTTPStatus

from syncd.adapters.github.responses import Response
from syncd.core.rates import LONGEST_WAIT_SECONDS, LONGEST_WINDOW_SECONDS, find_sent_at
from syncd.errors import RetryLater, Stalled, SyncdError, Unreachable

_UNSTATED_LIMIT_SECONDS = 60.0
_UNREACHABLE_SECONDS = 30.0
_UNEXPECTED_SECONDS = 300.0
_LONGEST_QUOTE = 200
_DENIED = {HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND}


def make_error(response: Response, repository: str, *, authenticated: bool) -> SyncdError:
    """Return what a *response* that is no success means for *repository* (as people write it)."""
    status = response.status
    if is_rate_limited(response):
        return make_rate_limit_error(response, authenticated=authenticated)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return make_unreachable_error(f"it answers {status}{_quote(response)}")
    if status == HTTPStatus.NOT_FOUND:
        return make_not_found_error(repository, authenticated=authenticated)
    return _make_stalled_error(response, repository) or RetryLater(
        "github_answer_unexpected",
        f"GitHub answers {status} for {repository}{_quote(response)}.",
        hint="Nothing was changed; it is asked again. A redirect here is never followed.",
        after_seconds=_UNEXPECTED_SECONDS,
    )


def is_permission_missing(response: Response, error: SyncdError) -> bool:
    """Return whether *response* refuses one thing of a repository that was found before: GitHub tells a missing permission by 404 too."""
    return response.status in _DENIED and error.code in {"repository_not_found", "access_denied"}


def make_not_found_error(repository: str, *, authenticated: bool) -> Stalled:
    """Return the error for a repository that is not there, or not for us: GitHub says the same."""
    hint = (
        "Check the spelling, and that the token may read this repository (Contents: read)."
        if authenticated
        else "Check the spelling; a private repository needs a token (SYNCD_GITHUB_TOKEN, or the project's own)."
    )
    return Stalled("repository_not_found", f"GitHub has no repository {repository} for us.", hint=hint)


def make_unreachable_error(why: str) -> Unreachable:
    """Return the error for a GitHub that does not answer, or not with an answer."""
    return Unreachable(
        "github_unreachable",
        f"GitHub cannot be used: {why}.",
        hint="It is tried again. Check the network, SYNCD_GITHUB_API_URL and githubstatus.com if it lasts.",
        after_seconds=_UNREACHABLE_SECONDS,
    )


def make_rate_limit_error(response: Response, *, authenticated: bool) -> RetryLater:
    """Return the error for a limit that *response* tells of, with the time that GitHub names, or a minute."""
    after_seconds = _find_wait_seconds(response.headers)
    hint = (
        "It goes on by itself at that time."
        if authenticated
        else "It goes on by itself at that time. With a token GitHub allows 5,000 requests an hour instead of 60."
    )
    return RetryLater(
        "rate_limited",
        f"GitHub's rate limit is used up; the next request is welcome in {after_seconds:.0f} s.",
        hint=hint,
        after_seconds=after_seconds,
    )


def _make_stalled_error(response: Response, repository: str) -> Stalled | None:
    match response.status:
        case HTTPStatus.UNAUTHORIZED:
            return Stalled(
                "credential_refused",
                f"GitHub refuses the token for {repository}: it is wrong, expired or revoked.",
                hint="Make a new token with Contents: read and Metadata: read, and give it to the project.",
            )
        case HTTPStatus.FORBIDDEN | HTTPStatus.UNAVAILABLE_FOR_LEGAL_REASONS:
            return _make_access_error(response, repository)
        case HTTPStatus.CONFLICT:
            return Stalled(
                "repository_empty", f"{repository} is empty.", hint="Push a first commit; it is looked at again then."
            )
        case _:
            return None


def _make_access_error(response: Response, repository: str) -> Stalled:
    hint = (
        "Authorise the token for the organisation's single sign-on, at github.com/settings/tokens."
        if "x-github-sso" in response.headers
        else "Let the token or the App read this repository: Contents: read and Metadata: read."
    )
    return Stalled("access_denied", f"GitHub denies access to {repository}{_quote(response)}.", hint=hint)


def is_rate_limited(response: Response) -> bool:
    """Return whether *response* is a refusal because of a limit, the hour's or another."""
    if response.status == HTTPStatus.TOO_MANY_REQUESTS:
        return True
    return response.status == HTTPStatus.FORBIDDEN and _tells_a_limit(response)


def _tells_a_limit(response: Response) -> bool:
    headers = response.headers
    return (
        "retry-after" in headers
        or headers.get("x-ratelimit-remaining") == "0"
        or "rate limit" in _find_message(response).lower()
    )


def _find_wait_seconds(headers: Mapping[str, str]) -> float:
    retry_after, reset = headers.get("retry-after", ""), headers.get("x-ratelimit-reset", "")
    if retry_after.isdigit():
        return min(max(1.0, float(retry_after)), LONGEST_WAIT_SECONDS)
    if headers.get("x-ratelimit-remaining") == "0" and reset.isdigit():
        # Both times are GitHub's own, so that a clock of ours that is wrong does not matter.
        wait_seconds = float(reset) - find_sent_at(headers, now=time.time())
        if wait_seconds <= LONGEST_WINDOW_SECONDS:
            return max(1.0, wait_seconds)
    return _UNSTATED_LIMIT_SECONDS


def _quote(response: Response) -> str:
    message = "".join(character for character in _find_message(response) if character.isprintable())
    quoted = f" ({message[:_LONGEST_QUOTE]!r})" if message else ""
    number = response.headers.get("x-github-request-id")
    return f"{quoted} to request {number}" if number else quoted


def _find_message(response: Response) -> str:
    try:
        body = json.loads(response.body)
    except ValueError:
        return ""
    message = body.get("message") if isinstance(body, dict) else None
    return message if isinstance(message, str) else ""
