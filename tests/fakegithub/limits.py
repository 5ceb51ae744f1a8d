"""The refusals of GitHub because of its limits, in its words, as values for `fake.faults`."""

import json

from tests.fakegithub.faults import Answer

_PRIMARY = "API rate limit exceeded for user ID 1."
_SECONDARY = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."


def use_up(*, reset_at: int, limit: int = 5000, status: int = 403) -> Answer:
    """Return the refusal of one whose hour is used up until *reset_at* (epoch seconds)."""
    headers = {
        "X-RateLimit-Limit": str(limit),
        "X-RateLimit-Remaining": "0",
        "X-RateLimit-Reset": str(reset_at),
        "X-RateLimit-Resource": "core",
    }
    return _refuse(status, _PRIMARY, headers)


def slow_down(*, retry_after: int | None = None, status: int = 403) -> Answer:
    """Return the refusal of one who asks too much at once; *retry_after* none: GitHub does not say for how long."""
    return _refuse(status, _SECONDARY, {} if retry_after is None else {"Retry-After": str(retry_after)})


def _refuse(status: int, message: str, headers: dict[str, str]) -> Answer:
    body = json.dumps({"message": message, "documentation_url": "https://docs.github.com/rest"}).encode()
    return Answer(status, headers | {"Content-Type": "application/json"}, body)
