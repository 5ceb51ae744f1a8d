"""What GitHub says of its limits in the headers of an answer.

docs.github.com/rest/using-the-rest-api: "Rate limits for the REST API" and, for the order of the signs, "Best practices".
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

CORE = "core"
GRAPHQL = "graphql"
_RESOURCE = re.compile(r"[a-z_]{1,40}")


@dataclass(frozen=True, slots=True)
class Window:
    """What is left of the hour of one resource. *reset* is GitHub's own epoch second, *reset_seconds* how far off that is."""

    limit: int
    remaining: int
    reset: int
    reset_seconds: float


@dataclass(frozen=True, slots=True)
class Report:
    """What one answer says. *limited*: it is a refusal because of a limit; *retry_after_seconds*: the wait that it states."""

    resource: str
    window: Window | None
    limited: bool = False
    retry_after_seconds: float | None = None


def parse_report(headers: Mapping[str, str], *, limited: bool, resource: str, now: float) -> Report:
    """Return what *headers* (lower-case names) say; *resource* is what was asked, should they not name one.

    *now* (epoch seconds) serves where GitHub tells no time of its own: a clock of ours that is wrong does no harm.
    """
    named = headers.get("x-ratelimit-resource", resource)
    retry_after = headers.get("retry-after", "")
    return Report(
        named if _RESOURCE.fullmatch(named) else resource,
        _parse_window(headers, find_sent_at(headers, now=now)),
        limited,
        max(1.0, float(retry_after)) if limited and _is_number(retry_after) else None,
    )


def find_sent_at(headers: Mapping[str, str], *, now: float) -> float:
    """Return when GitHub sent the answer, by its own clock; *now* where it does not say."""
    try:
        return parsedate_to_datetime(headers.get("date", "")).timestamp()
    except ValueError:
        return now


def _parse_window(headers: Mapping[str, str], sent_at: float) -> Window | None:
    numbers = [headers.get(f"x-ratelimit-{name}", "") for name in ("limit", "remaining", "reset")]
    if not all(map(_is_number, numbers)):
        return None
    limit, remaining, reset = map(int, numbers)
    return Window(limit, remaining, reset, max(0.0, reset - sent_at))


def _is_number(text: str) -> bool:
    # As long as a number of seconds gets; also keeps digits out that int() knows and GitHub does not write.
    return text.isascii() and text.isdigit() and len(text) <= 12
