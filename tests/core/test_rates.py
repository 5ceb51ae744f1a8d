"""What the headers of an answer say of limits."""

from collections.abc import Mapping

import pytest

from syncd.core.rates import LONGEST_WAIT_SECONDS, LONGEST_WINDOW_SECONDS, Report, Window, find_sent_at, parse_report

NOW = 1_000_000.0
DATE = "Mon, 12 Jan 1970 13:46:40 GMT"  # NOW
HOUR = {"x-ratelimit-limit": "5000", "x-ratelimit-remaining": "4999", "x-ratelimit-reset": "1001800"}


@pytest.mark.parametrize(
    ("headers", "limited", "report"),
    [
        ({}, False, Report("core", None)),
        (HOUR, False, Report("core", Window(5000, 4999, 1001800, 1800.0))),
        (HOUR | {"x-ratelimit-resource": "graphql"}, False, Report("graphql", Window(5000, 4999, 1001800, 1800.0))),
        (HOUR | {"x-ratelimit-resource": "no name\n"}, False, Report("core", Window(5000, 4999, 1001800, 1800.0))),
        (HOUR | {"x-ratelimit-remaining": "many"}, False, Report("core", None)),
        (HOUR | {"x-ratelimit-remaining": "-1"}, False, Report("core", None)),
        (HOUR | {"x-ratelimit-remaining": "²"}, False, Report("core", None)),
        ({"retry-after": "30"}, True, Report("core", None, limited=True, retry_after_seconds=30.0)),
        ({"retry-after": "0"}, True, Report("core", None, limited=True, retry_after_seconds=1.0)),
        ({"retry-after": "Wed, 21 Oct 2026 07:28:00 GMT"}, True, Report("core", None, limited=True)),
        ({"retry-after": "30"}, False, Report("core", None)),
    ],
)
def test_headers_become_a_report(headers: Mapping[str, str], limited: bool, report: Report) -> None:
    assert parse_report(headers, limited=limited, resource="core", now=NOW) == report


def test_the_time_to_the_reset_is_by_githubs_clock_where_it_tells_it() -> None:
    told = parse_report(HOUR | {"date": DATE}, limited=False, resource="core", now=NOW + 500)
    assert told.window is not None
    assert told.window.reset_seconds == 1800.0
    untold = parse_report(HOUR, limited=False, resource="core", now=NOW + 500)
    assert untold.window is not None
    assert untold.window.reset_seconds == 1300.0


def test_a_reset_that_has_passed_is_now() -> None:
    told = parse_report(HOUR, limited=False, resource="core", now=NOW + 5000)
    assert told.window is not None
    assert told.window.reset_seconds == 0.0


@pytest.mark.parametrize(("late_seconds", "believed"), [(0, True), (1, False), (10**9, False)])
def test_a_reset_that_is_farther_off_than_any_of_githubs_is_not_believed(late_seconds: int, believed: bool) -> None:
    reset = int(NOW + LONGEST_WINDOW_SECONDS) + late_seconds
    headers = HOUR | {"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(reset), "date": DATE}
    told = parse_report(headers, limited=True, resource="core", now=NOW)
    assert (told.window is not None) == believed


def test_a_stated_wait_is_kept_to_a_day() -> None:
    told = parse_report({"retry-after": "999999999999"}, limited=True, resource="core", now=NOW)
    assert told.retry_after_seconds == LONGEST_WAIT_SECONDS == 24 * 3600


def test_a_date_that_is_none_is_our_own_time() -> None:
    assert find_sent_at({"date": DATE}, now=0.0) == NOW
    assert find_sent_at({"date": "today"}, now=7.0) == 7.0
    assert find_sent_at({}, now=7.0) == 7.0
