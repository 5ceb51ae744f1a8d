"""What GitHub says of its limits in the headers of an answer.

docs.github.com/rest/using-the-rest-api: "Rate limits for the REST API" and, for the order of the signs, "Best practices".
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

CORE = "core"
GRAPHQL = "graphql"
# GitHub's windows are hours. One that ends later is a fault on the way (a clock, a proxy), and would stop a credential for as long.
LONGEST_WINDOW_SECONDS = 3600.0 + 300.0
# GitHub names minutes. A wait is kept to a day: then one request asks whether it still holds.
LONGEST_WAIT_SECONDS = 86_400.0
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

    A window that ends later than any of GitHub's is not believed.
    *now* (epoch seconds) serves where GitHub tells no time of its own: a clock of ours that is wrong does no harm.
    """
    named = headers.get("x-ratelimit-resource", resource)
    retry_after = headers.get("retry-after", "")
    return Report(
        named if _RESOURCE.fullmatch(named) else resource,
        _parse_window(headers, find_sent_at(headers, now=now)),
        limited,
        min(max(1.0, float(retry_after)), LONGEST_WAIT_SECONDS) if limited and _is_number(retry_after) else None,
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
    if reset - sent_at > LONGEST_WINDOW_SECONDS:
        return None
    return Window(limit, remaining, reset, max(0.0, reset - sent_at))


def _is_number(text: str) -> bool:
    # As long as a number of seconds gets; also keeps digits out that int() knows and GitHub does not write.
    return text.isascii() and text.isdigit() and len(text) <= 12
