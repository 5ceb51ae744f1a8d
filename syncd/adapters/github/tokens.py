"""What GitHub says of a token: whether it is good, what it may, until when, and what is left of its hour."""

from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus

from syncd.adapters.github.client import GitHubClient
from syncd.adapters.github.errors import make_error
from syncd.core.rates import CORE, Window, parse_report


@dataclass(frozen=True, slots=True)
class TokenFacts:
    """*scopes* are those of a classic token; *expires_at* and *window* are none where GitHub does not say."""

    scopes: str
    expires_at: datetime | None
    window: Window | None


async def get_token_facts(client: GitHubClient) -> TokenFacts:
    """Return what GitHub says of the token of *client*; the question is free. Raises as `make_error` says."""
    response = await client.get("/rate_limit")
    if response.status != HTTPStatus.OK:
        raise make_error(response, "this token", authenticated=client.authenticated)
    headers = response.headers
    report = parse_report(headers, limited=False, resource=CORE, now=datetime.now(UTC).timestamp())
    expires_at = _parse_time(headers.get("github-authentication-token-expiration", ""))
    return TokenFacts(headers.get("x-oauth-scopes", ""), expires_at, report.window)


def _parse_time(written: str) -> datetime | None:
    """Return a time as that header has it: `2026-12-31 23:59:59 UTC`, or with an offset."""
    try:
        return datetime.strptime(written.replace(" UTC", " +0000"), "%Y-%m-%d %H:%M:%S %z").astimezone(UTC)
    except ValueError:
        return None
